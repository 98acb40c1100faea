// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Linux
import SystemPackage
import TestSupport
import Testing

/// What `make install` installs, by a systemd and a udev of the test's own: booted, an interface lost and regained, drift.
@Suite(Kernel.required) struct InstalledUnitsTests {
    private static let declaration = """
        owner: acme
        fields: {tenant: {type: u32, source: "constant:7"}}
        interfaces: [{name: pod*}]
        """

    /// The installed units, and what they need of a host that is no more than they and udev.
    private static func units(_ installed: FilePath) throws -> [String: String] {
        var units = [
            "udev.service": """
            [Unit]
            DefaultDependencies=no
            [Service]
            Type=notify
            ExecStart=/lib/systemd/systemd-udevd
            """,
            "test.target": "[Unit]\nDefaultDependencies=no\nWants=udev.service pktmeta.service\n",
            // As systemctl enable pktmeta@pod1 makes it.
            "sys-subsystem-net-devices-pod1.device": "[Unit]\nWants=pktmeta@pod1.service\n",
        ]
        for target in [
            "sysinit", "basic", "shutdown", "network", "network-online", "network-pre", "multi-user", "local-fs",
        ] {
            units["\(target).target"] = "[Unit]\nDefaultDependencies=no\n"
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: installed.string) {
            units[name] = try String(contentsOfFile: installed.appending(name).string, encoding: .utf8)
        }
        return units
    }

    private static func setup(_ folder: FilePath) -> String {
        """
        mount -t sysfs none /sys
        mount -t cgroup2 none /sys/fs/cgroup
        mount -t bpf -o mode=700 none /sys/fs/bpf
        mkdir -p /run/prefix/bin /run/etc /run/work
        cp \(Fixture.releasedCommand) /run/prefix/bin/pktmeta
        mount -t overlay -o lowerdir=/etc,upperdir=/run/etc,workdir=/run/work none /etc
        mkdir -p /etc/pktmeta.d
        cp \(folder)/10-acme.yaml /etc/pktmeta.d
        ip link set lo up
        ip link add pod0 type veth peer name other0
        """
    }

    @Test func aHostIsAsDeclaredFromItsBootOn() throws {
        try Kernel.run {
            let folder = try ScratchFolder()
            _ = try folder.write(Array(Self.declaration.utf8), as: "10-acme.yaml")
            _ = try Installation("DESTDIR=\(folder.path)/root", "PREFIX=/run/prefix")
            let installed = folder.path.appending("root/run/prefix/lib/systemd/system")
            let host = try SystemdHost(units: Self.units(installed), setup: Self.setup(folder.path))
            let output = try host.run(
                """
                pktmeta() { inside /run/prefix/bin/pktmeta "$@"; }
                attached() { for i in $(seq 100); do [ $(pktmeta status | grep -c "^$1 .*attached\\|^$1 ") = 2 ] && break; sleep 0.1; done
                  echo "$1: $(pktmeta status | grep -c "^$1 ")"; }
                is() { for i in $(seq 100); do [ "$(inside systemctl is-active "$1")" = "$2" ] && break; sleep 0.1; done
                  echo "$1: $(inside systemctl is-active "$1")"; }
                attached pod0
                pktmeta diff --exit-code; echo "diff: $?"
                inside ip link add pod1 type veth peer name other1
                is pktmeta@pod1 active
                attached pod1
                inside ip link delete pod1
                is pktmeta@pod1 inactive
                inside ip link add pod1 type veth peer name other1
                is pktmeta@pod1 active
                attached pod1
                inside systemctl start pktmeta-drift; echo "no drift: $?"
                pktmeta register-field extra --type u8 --owner acme > /dev/null
                inside systemctl start pktmeta-drift 2> /dev/null; echo "drift: $?"
                inside cat /run/pktmeta/drift.json | grep '"name"'
                inside systemctl reload pktmeta; echo "reload: $?"
                inside systemctl start pktmeta-follow
                is pktmeta-follow active
                inside ip link add pod7 type veth peer name other7
                attached pod7
                inside systemctl stop pktmeta-follow
                attached pod7
                """, onceActive: "pktmeta")
            let expected = """
                pod0: 2
                diff: 0
                pktmeta@pod1: active
                pod1: 2
                pktmeta@pod1: inactive
                pktmeta@pod1: active
                pod1: 2
                no drift: 0
                drift: 1
                      "name" : "extra",
                reload: 0
                pktmeta-follow: active
                pod7: 2
                pod7: 2

                """
            #expect(output.hasPrefix(expected), "\(output)")
        }
    }

    /// systemd's own eyes on the units; what they are not installed with is not there to be found.
    @Test func theUnitsAreSound() throws {
        let folder = try ScratchFolder()
        _ = try Installation("DESTDIR=\(folder.path)", "PREFIX=/usr")
        let units = folder.path.appending("usr/lib/systemd/system")
        for name in try FileManager.default.contentsOfDirectory(atPath: units.string).sorted() {
            let run = try ChildProcess.run(["systemd-analyze", "verify", "--man=no", units.appending(name).string])
            let lines = run.output.split(separator: "\n").filter { !$0.contains("is not executable") }
            #expect(lines.isEmpty, "\(name): \(run.output)")
            let text = try String(contentsOfFile: units.appending(name).string, encoding: .utf8)
            #expect(!text.contains("@bindir@") && !text.contains("@sandbox@"), "\(name)")
        }
    }
}
