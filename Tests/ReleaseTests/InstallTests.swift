// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Linux
import SystemPackage
import TestSupport
import Testing

/// What `make install` puts where other programs look for it, and `make uninstall` takes away again.
@Suite struct InstallTests {
    /// A host's folders, installed to.
    private struct Host {
        let folder: ScratchFolder
        let installation: Installation
        var prefix: FilePath { folder.path.appending("usr") }

        init() throws {
            folder = try ScratchFolder()
            installation = try Installation("PREFIX=\(folder.path)/usr", "SYSCONFDIR=\(folder.path)/etc")
        }

        /// Relative to the folder, but for folders themselves.
        func files() throws -> [String] {
            let found = FileManager.default.enumerator(atPath: folder.path.string)
            return try #require(found).compactMap { $0 as? String }.filter { name in
                let type = try? FileManager.default.attributesOfItem(atPath: folder.path.appending(name).string)[.type]
                return type as? FileAttributeType != .typeDirectory
            }.sorted()
        }

        func manual(_ name: String, _ section: Int) -> FilePath {
            prefix.appending("share/man/man\(section)/\(name).\(section)")
        }
    }

    @Test func eachCommandHasAManualPage() throws {
        let host = try Host()
        for command in OtherCommandTests.commands {
            let page = host.manual("pktmeta-\(command)", 1)
            let text = try String(contentsOfFile: page.string, encoding: .utf8)
            // As its help has them.
            let help = try Fixture.help("help-\(command == "bench" ? "pktmeta-bench" : command)")
            let options = help.split(separator: "\n").filter { $0.hasPrefix("  --") }
                .map { $0.dropFirst(4).prefix { $0.isLetter || $0 == "-" } }
            for option in options {
                let escaped = option.replacing("-", with: "\\-")
                #expect(text.contains(".It Fl \"\\&\\-\(escaped)\""), "\(command): \(option)")
            }
        }
    }

    /// mandoc(1) minds nothing, and finds each page that another one refers to.
    @Test func theManualPagesAreSound() throws {
        let host = try Host()
        let pages = try host.files().filter { $0.contains("/man/") }
        #expect(pages.count > OtherCommandTests.commands.count + 2)
        let run = try ChildProcess.run(
            ["mandoc", "-Tlint", "-W", "style"] + pages.map { host.folder.path.appending($0).string })
        let complaints = run.output.split(separator: "\n").filter { line in
            guard let found = line.range(of: "referenced manual not found: Xr ") else { return true }
            let words = line[found.upperBound...].split(separator: " ")
            guard words.count >= 2, let section = Int(words[1]) else { return true }
            return !FileManager.default.fileExists(atPath: host.manual(String(words[0]), section).string)
        }
        #expect(complaints.isEmpty, "\(complaints.joined(separator: "\n"))")
    }

    /// By what pkg-config(1) says, and nothing else.
    @Test func programsAreCompiledByTheInstalledHeaders() throws {
        let host = try Host()
        let examples = try host.files().filter { $0.hasSuffix(".bpf.c") }
        #expect(examples.count >= 5)
        for example in examples {
            let run = try ChildProcess.run([
                "sh", "-c",
                """
                cd / && \(Fixture.Compiler.swift.command) -O2 -g -target bpf -Wall -Werror \
                $(PKG_CONFIG_PATH='\(host.prefix)/share/pkgconfig' pkg-config --cflags pktmeta) \
                -c '\(host.folder.path)/\(example)' -o '\(host.folder.path)/out.o'
                """,
            ])
            #expect(run.status == 0, "\(example): \(run.output)")
        }
        let version = try ChildProcess.run([
            "sh", "-c",
            "PKG_CONFIG_PATH='\(host.prefix)/share/pkgconfig' pkg-config --modversion pktmeta",
        ])
        let command = try ChildProcess.run([host.prefix.appending("bin/pktmeta").string, "--version"])
        #expect(version.output == command.output)
    }

    @Test func shellsFindTheirCompletions() throws {
        let host = try Host()
        let share = host.prefix.appending("share")
        let bash = try ChildProcess.run(["bash", "-n", share.appending("bash-completion/completions/pktmeta").string])
        #expect(bash.status == 0, "\(bash.output)")
        for (file, word) in [
            ("zsh/site-functions/_pktmeta", "#compdef pktmeta"),
            ("fish/vendor_completions.d/pktmeta.fish", "complete -c 'pktmeta'"),
        ] {
            let text = try String(contentsOfFile: share.appending(file).string, encoding: .utf8)
            #expect(text.contains(word), "\(file)")
        }
    }

    /// What somebody has written stays, also beside what is removed.
    @Test func nothingButOthersFilesIsLeft() throws {
        let host = try Host()
        let others = [
            "etc/pktmeta.d/10-acme.yaml", "usr/include/pktmeta/mine.h", "usr/share/doc/pktmeta/examples/mine.c",
            "usr/share/man/man1/pktmeta-mine.1",
        ]
        for file in others {
            try "owner: acme\n".write(
                toFile: host.folder.path.appending(file).string, atomically: true, encoding: .utf8)
        }
        try host.installation.uninstall()
        #expect(try host.files() == others)
        // Nor are there folders of no use.
        #expect(!FileManager.default.fileExists(atPath: host.prefix.appending("lib/cni").string))
    }

    @Test func othersMayReadItWhateverTheMask() throws {
        let folder = try ScratchFolder()
        let run = try ChildProcess.run([
            "sh", "-c",
            """
            umask 077
            make -s -C '\(Fixture.root)' install PREFIX='\(folder.path)/usr' SYSCONFDIR='\(folder.path)/etc' &&
            find '\(folder.path)/usr' -type f ! -perm -444
            """,
        ])
        #expect(run.status == 0 && run.output.isEmpty, "\(run.output)")
    }

    /// With a blank in its name, what is removed would be others' folders. Make says nothing but what is wrong.
    @Test(arguments: [
        "DESTDIR=/nonexistent/a b", "PREFIX=/nonexistent/a&b", "PREFIX=/nonexistent/a'b", "PREFIX=relative",
        "SYSCONFDIR=/nonexistent/a;b", "CNI_BIN_DIR=/nonexistent/$$a",
    ])
    func aFolderThatRecipesCannotNameIsRefused(setting: String) throws {
        for target in ["install", "uninstall"] {
            let run = try ChildProcess.run(["make", "-s", "-C", Fixture.root.string, target, setting])
            let name = setting.prefix { $0 != "=" }
            #expect(run.status == 2 && run.output.contains("*** \(name) is "), "\(run.output)")
        }
    }

    @Test func aCheckoutThatRecipesCannotNameIsRefused() throws {
        let folder = try ScratchFolder()
        let (neighbour, checkout) = (folder.path.appending("w"), folder.path.appending("w t"))
        let run = try ChildProcess.run([
            "sh", "-c",
            """
            mkdir '\(neighbour)' && cp -r '\(Fixture.root)/Makefile' '\(Fixture.root)/packaging' '\(Fixture.root)/.make' \
                -t "$(mkdir '\(checkout)' && echo '\(checkout)')" && make -C '\(checkout)' rpm
            """,
        ])
        #expect(run.status == 2 && run.output.contains("*** CURDIR is "), "\(run.output)")
        #expect(FileManager.default.fileExists(atPath: neighbour.string))
    }

    /// What a release's programs are made of, packages say.
    @Test func packagesNameEachLicence() throws {
        func text(_ path: String) throws -> String {
            try String(contentsOfFile: Fixture.root.appending("packaging/\(path)").string, encoding: .utf8)
        }
        let (copyright, spec) = try (text("debian/copyright"), text("pktmeta.spec"))
        // As in "libbpf-dev": ("libbpf", "LGPL-2.1-only OR BSD-2-Clause"),
        let known = try text("make-sbom").matches(of: /": \("(.+?)", "(.+?)"\)/)
        #expect(known.count >= 7)
        for (_, name, licence) in known.map(\.output) {
            #expect(copyright.contains("  \(name): \(licence)\n"), "\(name)")
            #expect(spec.contains(licence), "\(name)")
        }
    }
}
