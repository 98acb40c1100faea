// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage
internal import Testbed

/// The demo's last act: an application without a privilege, in the receiver's network namespace, gets fields of the packets that
/// it receives, from its socket.
struct ApplicationAct {
    let context: Context

    static let port: UInt16 = 4740
    private static let purpose = "demo"
    private static let datagrams = 3
    /// Of which one is sent each 10 ms, until the application has those that it waits for.
    private static let most = 500

    /// - Parameter send: sends a packet to the application, from the sender's namespace.
    func run(
        _ registry: borrowing Registry, _ topology: borrowing VethTopology,
        send: (Int) throws(PacketMetadataError) -> Void
    ) throws(PacketMetadataError) {
        context.output("\n# An application of the receiver's, without any privilege, asks its socket:")
        guard let mount = MountPoint.ofCgroups.first else {
            return skip("no file system of cgroups of version 2 is mounted here")
        }
        TemporaryCgroup.removeAbandoned(for: Self.purpose, beside: mount.path)
        let cgroup: TemporaryCgroup
        do throws(Errno) {
            cgroup = try TemporaryCgroup(for: Self.purpose, beside: mount.path)
        } catch {
            return skip("no cgroup can be made: \(error.withName)")
        }
        do throws(PacketMetadataError) {
            _ = try registry.attach(AttachmentRequest(SocketWays.next.programs), to: [cgroup.path])
        } catch {
            // An older kernel spoils nothing of what was shown.
            return skip(error.message)
        }
        context.output("  pktmeta attach-to-cgroup \(cgroup.path) --sockets next")
        try read(topology, cgroup, send)
    }

    private func skip(_ reason: String) { context.output("  (not shown: \(reason))") }

    private func read(
        _ topology: borrowing VethTopology, _ cgroup: borrowing TemporaryCgroup,
        _ send: (Int) throws(PacketMetadataError) -> Void
    ) throws(PacketMetadataError) {
        let reader = try topology.receiver.run("of the receiver") { () throws(PacketMetadataError) in
            do throws(Errno) {
                return try FieldReader(in: cgroup.group, port: Self.port, count: Self.datagrams)
            } catch {
                throw PacketMetadataError(error, doing: "start the application")
            }
        }
        var left = 0..<Self.most
        for _ in 0..<Self.datagrams {
            while !reader.isReadable, let number = left.popFirst() {
                try send(number)
                Pause.sleep(milliseconds: 10)
            }
            do throws(Errno) {
                guard let reading = try reader.next() else { return skip("the application has ended") }
                show(reading)
            } catch {
                return skip("the application was told: \(error.withName)")
            }
        }
    }

    private func show(_ reading: FieldReader.Reading) {
        let id = String(reading.traceID, radix: 16)
        context.output(
            "  user \(reading.userID): \(reading.bytes) bytes, tenant \(reading.tenant), trace_id 0x\(id)")
    }
}
