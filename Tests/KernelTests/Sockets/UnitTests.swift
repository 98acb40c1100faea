// SPDX-License-Identifier: BSD-2-Clause

import Linux
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// Cgroups of systemd's units, by a systemd of the test's own: in namespaces and a cgroup of its own, with no units but the
/// test's.
@Suite(Kernel.required) struct UnitTests {
    /// A service that attaches as it starts, and runs an application without privilege which asks for the names of fields.
    private static func service(_ attach: String, _ application: FilePath, log: FilePath) -> String {
        """
        [Unit]
        DefaultDependencies=no
        [Service]
        ExecStartPre=+\(attach)
        ExecStart=/usr/bin/python3 \(application)
        User=65534
        StandardOutput=append:\(log)
        StandardError=inherit
        """
    }

    private static let application = """
        import socket, sys, time
        sys.path.insert(0, "\(Fixture.root)/clients/python")
        sys.dont_write_bytecode = True
        import pktmeta
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        print("fields:", *[field.name for field in pktmeta.fields(s)], flush=True)
        time.sleep(1000)
        """

    /// Runs commands beside systemd, once the service is active.
    private static func run(_ commands: String, _ scratch: ScratchRegistry) throws -> String {
        let host = try SystemdHost(units: [
            "test.target": "[Unit]\nDefaultDependencies=no\nWants=web.service\n"
        ])
        let application = try host.write(Self.application, as: "application.py")
        let attach = "\(Fixture.command) attach-to-cgroup --unit %n --sockets next --registry \(scratch.path)"
        try host.write(
            service(attach, application, log: host.path.appending("log")), as: "units/web.service")
        return try host.run(
            """
            pktmeta() { inside \(Fixture.command) "$@" --registry \(scratch.path); }
            asked() { for i in $(seq 100); do grep -c ^fields: \(host.path)/log 2>/dev/null | grep -q "^$1$" && return; sleep 0.1; done; }
            \(commands)
            cat \(host.path)/log
            """, onceActive: "web")
    }

    @Test func anApplicationIsAnsweredAsItsUnitStarts() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            #expect(
                CommandRun(["register-field", "tenant", "--type", "u32", "--registry", scratch.path.string]).exitCode
                    == 0)
            let output = try Self.run(
                """
                asked 1
                inside systemctl restart web
                asked 2
                echo attached: $(pktmeta status | grep -c "sockets_get")
                pktmeta detach-from-cgroup --unit web.service
                pktmeta detach-from-cgroup --unit absent; echo "exit code $?"
                inside systemctl stop web
                pktmeta attach-to-cgroup --unit web --sockets next; echo "exit code $?"
                """, scratch)
            #expect(output.contains("\nattached: 1\n") || output.hasPrefix("attached: 1\n"), "\(output)")
            #expect(
                output.contains("/system.slice/web.service: getsockopt: sockets_get detached (link)\n"), "\(output)")
            #expect(
                output.contains("absent has no cgroup: there is no such unit, or it is not active")
                    && output.contains("exit code 66"),
                "\(output)")
            #expect(output.contains("web has no cgroup"), "\(output)")
            #expect(output.split(separator: "\n").filter { $0 == "fields: tenant" }.count == 2, "\(output)")
        }
    }

    /// Where systemd does not run, its own words say why.
    @Test func withoutSystemd() throws {
        try Kernel.run {
            let scratch = ScratchRegistry()
            let run = CommandRun([
                "attach-to-cgroup", "--unit", "web", "--sockets", "next", "--registry", scratch.path.string,
            ])
            #expect([66, 69].contains(run.exitCode), "\(run.errors)")
            #expect(run.errors.contains("web"), "\(run.errors)")
            #expect(scratch.pins == [])
            #expect(CommandRun(["detach-from-cgroup", "--registry", scratch.path.string]).exitCode == 64)
        }
    }
}
