// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Linux
import SystemPackage
import TestSupport
import Testing

/// What shells make of a half-typed line, once `make install` has put completions where they look.
@Suite(Kernel.required) struct CompletionTests {
    enum Shell: String, CaseIterable, Sendable { case bash, zsh, fish }

    /// A half-typed line, and what it is after the tabulator.
    static let lines = [
        ("unreg", "unregister-field"),
        ("unregister-field ten", "unregister-field tenant"),
        ("inspect-map reg", "inspect-map registry"),
        ("inspect-map state trace", "inspect-map state trace_id"),
        ("reset-state trace", "reset-state trace_id"),
        ("register-field x --type ma", "register-field x --type mac"),
        ("register-field x --type u64 --source kt", "register-field x --type u64 --source ktime"),
        ("register-field x --type u64 --sink queue", "register-field x --type u64 --sink queue-mapping"),
        ("watch far0 --field ten", "watch far0 --field tenant"),
        ("attach-to-interface fa", "attach-to-interface far0"),
        ("attach-to-interface far0 --mode gen", "attach-to-interface far0 --mode generic"),
        ("attach-to-interface far0 --xdp pre", "attach-to-interface far0 --xdp prebuilt"),
        ("detach-from-interface far0 --program prod", "detach-from-interface far0 --program producer"),
        ("export --of ac", "export --of acme"),
        ("watch far0 --all-p", "watch far0 --all-packets"),
        ("watch far0 --proto ud", "watch far0 --proto udp"),
    ]

    @Test(arguments: Shell.allCases) func linesAreCompleted(shell: Shell) throws {
        try Kernel.run {
            let folder = try ScratchFolder()
            let prefix = folder.path.appending("usr")
            let installation = try Installation("PREFIX=\(prefix)", "SYSCONFDIR=\(folder.path)/etc")
            defer { withExtendedLifetime(installation) {} }
            let scratch = ScratchRegistry()
            let pair = try VethPair()
            func pktmeta(_ arguments: String...) throws {
                let run = try pair.inReceiver {
                    try ChildProcess.run(
                        [prefix.appending("bin/pktmeta").string] + arguments + ["--registry", scratch.path.string])
                }
                try #require(run.status == 0, "\(run.output)")
            }
            try pktmeta("register-field", "tenant", "--type", "u32", "--owner", "acme")
            try pktmeta("register-field", "trace_id", "--type", "u64")
            try pktmeta("attach-to-interface", VethPair.far)

            let terminal = try pair.inReceiver {
                try PseudoTerminal(
                    shell.command, rows: 50, columns: 200,
                    environment: [
                        "TERM=xterm", "HOME=\(folder.path)", "XDG_DATA_DIRS=\(prefix)/share:/usr/share",
                        "XDG_CONFIG_HOME=\(folder.path)/config", "PKTMETA_REGISTRY=\(scratch.path)", "LC_ALL=C.UTF-8",
                        "PATH=\(prefix)/bin:/usr/bin:/bin",
                    ])
            }
            func expect(_ text: String, _ what: String) {
                let isThere = eventually { terminal.transcript.contains(text) }
                #expect(isThere, "\(what): \(terminal.transcript.suffix(1500))")
            }
            defer { terminal.type("\u{3}exit\r") }
            for (number, line) in (shell.preparation(prefix) + ["true"]).enumerated() {
                terminal.type(
                    "\(line); echo ready-$((\(number) + 1))-\(shell.rawValue)\r".replacing(
                        "$((\(number) + 1))", with: shell == .fish ? "(math \(number) + 1)" : "$((\(number) + 1))"))
                expect("ready-\(number + 1)-", line)
            }
            for (number, (typed, wanted)) in Self.lines.enumerated() {
                let before = terminal.transcript.utf8.count
                terminal.type("pktmeta \(typed)\t")
                // The shell asks the command, and shows what it says: the letters that were missing.
                let added = wanted.dropFirst(wanted.commonPrefix(with: typed).count)
                _ = eventually(within: .seconds(3)) { terminal.transcript.utf8.dropFirst(before).contains(added.utf8) }
                // The line itself, without what the shell draws around it.
                terminal.type("\u{1}echo line\(number): \r")
                expect("line\(number): pktmeta \(wanted)", "pktmeta \(typed)")
            }
        }
    }
}

extension CompletionTests.Shell {
    /// Nobody's settings, and nothing of the host's.
    fileprivate var command: [String] {
        switch self {
        // Its line is among its errors, which are to be seen too.
        case .bash: ["sh", "-c", "exec bash --noprofile --norc -i 2>&1"]
        case .zsh: ["zsh", "-f", "-i"]
        case .fish: ["fish", "--private", "--interactive"]
        }
    }

    /// What a login shell of a distribution does for completions, or does by itself.
    fileprivate func preparation(_ prefix: FilePath) -> [String] {
        switch self {
        case .bash: ["bind \"set enable-bracketed-paste off\"", ". /usr/share/bash-completion/bash_completion"]
        case .zsh: ["fpath=(\(prefix)/share/zsh/site-functions $fpath)", "autoload -U compinit", "compinit -u -D"]
        case .fish: []
        }
    }
}
