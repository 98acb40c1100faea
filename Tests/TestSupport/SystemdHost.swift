// SPDX-License-Identifier: BSD-2-Clause

import Linux
public import SystemPackage

/// A systemd of a test's own, with no units but the test's: in namespaces and a cgroup of its own, with this machine's files.
public struct SystemdHost {
    private let folder: ScratchFolder
    private let cgroup: ScratchCgroup
    /// Run before systemd, in its namespaces.
    private let setup: String

    /// Where the test's files are, which units may name unless they have a /tmp of their own.
    public var path: FilePath { folder.path }

    /// - Parameters:
    ///   - units: by name; `test.target` is what is booted into.
    ///   - setup: shell commands to run before, in the namespaces: /run is empty, and cgroups are of version 2.
    public init(units: [String: String], setup: String = "") throws {
        (folder, cgroup) = (try ScratchFolder(), try ScratchCgroup())
        self.setup = setup
        _ = try ChildProcess.run(["sh", "-c", "chmod 755 \(folder.path); mkdir \(folder.path)/units"])
        for (name, text) in units { _ = try folder.write(Array(text.utf8), as: "units/\(name)") }
    }

    @discardableResult
    public func write(_ text: String, as name: String) throws -> FilePath {
        try folder.write(Array(text.utf8), as: name)
    }

    /// Boots, and runs commands once a unit is active; `inside` runs its arguments in the namespaces.
    ///
    /// - Returns: what the commands print, and behind it what systemd does.
    public func run(_ commands: String, onceActive unit: String) throws -> String {
        let boot = """
            mount --make-rprivate /
            mount -t tmpfs none /run
            umount -l /sys/fs/cgroup 2>/dev/null
            mkdir -p /sys/fs/cgroup 2>/dev/null
            mount -t cgroup2 none /sys/fs/cgroup
            \(setup)
            export container=other SYSTEMD_UNIT_PATH=\(path)/units SYSTEMD_LOG_TARGET=console SYSTEMD_LOG_LEVEL=warning
            exec /lib/systemd/systemd --system --unit=test.target --show-status=no
            """
        try write(boot, as: "boot.sh")
        let script = """
            echo 0 > \(cgroup.path)/cgroup.procs
            unshare --pid --fork --kill-child --mount --cgroup --net --mount-proc bash \(path)/boot.sh \
              > \(path)/boot.log 2>&1 & boot=$!
            trap 'kill -KILL $boot; wait $boot 2>/dev/null; echo 0 > \(cgroup.root)/cgroup.procs
              for i in $(seq 100); do find \(cgroup.path) -mindepth 1 -depth -type d -exec rmdir {} + 2>/dev/null && break; sleep 0.1; done' EXIT
            inside() { nsenter --target $systemd --mount --pid --net --cgroup "$@"; }
            for i in $(seq 300); do
              systemd=$(cat /proc/$boot/task/$boot/children 2>/dev/null | tr -d ' ')
              [ "$systemd" ] && inside systemctl is-active --quiet \(unit) 2>/dev/null && break; sleep 0.1
            done
            \(commands)
            cat \(path)/boot.log
            """
        return try ChildProcess.run(["timeout", "120", "bash", "-c", script]).output
    }
}
