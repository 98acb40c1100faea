// SPDX-License-Identifier: BSD-2-Clause

import Linux
import RegistryModel
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// A host that is kept as it is declared, as interfaces come and go.
@Suite(Kernel.required) struct FollowerTests {
    typealias Bench = AttachmentTests.Bench

    /// What a follower told.
    private final class Told: @unchecked Sendable {
        var events: [HostFollower.Event] = []

        var attached: [String] {
            events.flatMap { event in
                if case .attached(let reports) = event { reports.compactMap(\.interface) } else { [String]() }
            }
        }
        var applications: Int { events.count { if case .applied = $0 { true } else { false } } }
        var refusals: [PacketMetadataError] {
            events.compactMap { if case .refused(let error) = $0 { error } else { nil } }
        }
    }

    private static func follower(
        _ bench: Bench, _ patterns: String..., told: Told
    ) throws -> HostFollower {
        let declaration = try ApplyTests.declaration(
            [ApplyTests.field("tenant")], patterns.map { ApplyTests.interface($0, [.xdp: [.prebuilt]]) })
        return try HostFollower(declaration, at: bench.scratch.path) { told.events.append($0) }
    }

    private static func ip(_ arguments: String) throws { try VethPair.ip(arguments) }

    @Test func whatComesGetsItsPrograms() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.pair.inReceiver {
                let told = Told()
                let follower = try Self.follower(bench, "pod*", "named0", told: told)
                try follower.begin()
                #expect(told.applications == 1 && told.attached.isEmpty)

                try Self.ip("link add pod1 type veth peer name other1")
                try follower.next()
                #expect(told.attached == ["pod1"])
                // Whatever else changes of it, it has its program.
                let count = told.events.count
                try Self.ip("link set pod1 up")
                try follower.next()
                #expect(told.events.count == count)
                // By another name, it is another.
                try Self.ip("link set other1 name named0")
                try follower.next()
                #expect(told.attached == ["pod1", "named0"])
                // And one of its name that is made anew is one that came.
                try Self.ip("link del pod1")
                try Self.ip("link add pod1 type veth peer name other1")
                try follower.next()
                #expect(told.attached == ["pod1", "named0", "pod1"])
                #expect(told.refusals.isEmpty, "\(told.refusals)")
            }
        }
    }

    /// One that cannot have its programs does not keep others from theirs.
    @Test func aRefusalIsOfOneAlone() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.pair.inReceiver {
                let told = Told()
                let follower = try Self.follower(bench, "pod*", told: told)
                try follower.begin()
                for name in ["pod1", "pod2", "pod3"] { try Self.ip("link add \(name) type veth peer name x\(name)") }
                // Somebody else's.
                let foreign = Fixture.object("foreign").string
                try Self.ip("link set dev pod2 xdp obj \(foreign) sec xdp")
                try follower.next()
                #expect(told.attached.sorted() == ["pod1", "pod3"])
                #expect(told.refusals.map(\.kind) == [.taken])
            }
        }
    }

    /// Nor does one that is there already, and what is of no interface is done.
    @Test func aRefusalAtTheStartIsOfOneAlone() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.pair.inReceiver {
                for name in ["pod1", "pod2", "pod3"] { try Self.ip("link add \(name) type veth peer name x\(name)") }
                try Self.ip("link set dev pod2 xdp obj \(Fixture.object("foreign")) sec xdp")
                let told = Told()
                let follower = try Self.follower(bench, "pod*", told: told)
                try follower.begin()
                #expect(told.attached.sorted() == ["pod1", "pod3"])
                #expect(told.refusals.map(\.kind) == [.taken])
                let image = try Registry.open(at: bench.scratch.path, for: .read).image()
                #expect(image.fields.map(\.name.text) == ["tenant"])
                try Self.ip("link add pod4 type veth peer name xpod4")
                try follower.next()
                #expect(told.attached.last == "pod4")
                #expect(told.refusals.count == 1)
            }
        }
    }

    /// Also if it is refused for want of a file: those that were there are not tried again.
    @Test func aRefusalIsToldOnce() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.pair.inReceiver {
                let told = Told()
                let declared = try ApplyTests.declaration(
                    [ApplyTests.field("tenant")],
                    [ApplyTests.interface("pod*", [.xdp: [.object("/nonexistent.bpf.o", program: nil)]])])
                let follower = try HostFollower(declared, at: bench.scratch.path) { told.events.append($0) }
                try follower.begin()
                for name in ["pod1", "pod2", "pod3"] {
                    try Self.ip("link add \(name) type veth peer name x\(name)")
                    try follower.next()
                }
                #expect(
                    told.attached.isEmpty && told.refusals.map(\.kind) == [.badData, .badData, .badData],
                    "\(told.refusals)")
            }
        }
    }

    /// Without an interface, what is refused is refused.
    @Test func whatIsOfNoInterfaceEndsIt() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.pair.inReceiver {
                let told = Told()
                try Self.follower(bench, "pod*", told: told).begin()
                let other = try ApplyTests.declaration(
                    [ApplyTests.field("tenant", .u64)], [ApplyTests.interface("pod*", [.xdp: [.prebuilt]])])
                let follower = try HostFollower(other, at: bench.scratch.path) { told.events.append($0) }
                #expect(throws: PacketMetadataError.self) { try follower.begin() }
            }
        }
    }

    @Test func manyAtOnceAreAllFound() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.pair.inReceiver {
                let told = Told()
                let follower = try Self.follower(bench, "pod*", told: told)
                try follower.begin()
                let batch = (0..<60).map { "link add pod\($0) type veth peer name x\($0)" }.joined(separator: "\n")
                let run = try ChildProcess.run(["sh", "-c", "printf '\(batch)\n' | ip -batch -"])
                try #require(run.status == 0, "\(run.output)")
                while Set(told.attached).count < 60, told.refusals.isEmpty { try follower.next() }
                #expect(told.refusals.isEmpty, "\(told.refusals)")
                #expect(told.attached.count == 60)
            }
        }
    }

    @Test func aNamespaceThatComesIsFollowed() throws {
        try Kernel.run {
            let bench = try Bench()
            let name = "pktmeta-test-\(UInt32.random(in: 0...UInt32.max))"
            try bench.pair.inReceiver {
                let told = Told()
                let declaration = try ApplyTests.declaration(
                    [ApplyTests.field("tenant")],
                    [ApplyTests.interface("pod*", [.xdp: [.prebuilt]], netns: name)])
                let follower = try HostFollower(declaration, at: bench.scratch.path) { told.events.append($0) }
                try follower.begin()
                #expect(told.applications == 1)
                try Self.ip("netns add \(name)")
                defer { try? Self.ip("netns del \(name)") }
                while told.applications < 2, told.refusals.isEmpty { try follower.next() }
                try Self.ip("-n \(name) link add pod1 type veth peer name other1")
                while told.attached.isEmpty, told.refusals.isEmpty { try follower.next() }
                #expect(told.attached == ["pod1"])
                #expect(told.refusals.isEmpty, "\(told.refusals)")
            }
        }
    }

    /// ip-netns(8) unmounts a namespace before it removes the file: for a moment, and for good if it is ended, a file is there that is
    /// none.
    @Test func aFileWithoutANamespaceIsNoError() throws {
        try Kernel.run {
            let bench = try Bench()
            let name = "pktmeta-test-\(UInt32.random(in: 0...UInt32.max))"
            let file = FilePath("/run/netns").appending(name)
            try bench.pair.inReceiver {
                try Self.ip("netns add \(name)")
                defer { try? Self.ip("netns del \(name)") }
                let told = Told()
                let declaration = try ApplyTests.declaration(
                    [ApplyTests.field("tenant")],
                    [
                        ApplyTests.interface("pod*", [.xdp: [.prebuilt]], netns: name),
                        ApplyTests.interface("far0", [.xdp: [.prebuilt]]),
                    ])
                let follower = try HostFollower(declaration, at: bench.scratch.path) { told.events.append($0) }
                try follower.begin()
                let unmounted = try ChildProcess.run(["umount", file.string])
                try #require(unmounted.status == 0 && Folder.exists(file), "\(unmounted.output)")
                try follower.next()
                #expect(told.refusals.isEmpty, "\(told.refusals)")
                let plan = try declaration.apply(at: bench.scratch.path).plan
                #expect(plan.absences.map(\.kind) == [.namespace(name)])
                #expect(plan.isEmpty)
            }
        }
    }

    /// What somebody has taken away is declared still.
    @Test func aRegistryAndItsFieldsComeAgain() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.pair.inReceiver {
                let told = Told()
                let declaration = try ApplyTests.declaration(
                    [ApplyTests.field("shared")], [ApplyTests.interface("pod*", [.xdp: [ApplyTests.stamp]])])
                let follower = try HostFollower(declaration, at: bench.scratch.path) { told.events.append($0) }
                try follower.begin()
                for (index, command) in [["unregister-field", "shared"], ["delete-registry", "--force"]].enumerated() {
                    #expect(CommandRun(command + ["--registry", bench.scratch.path.string]).exitCode == 0)
                    try Self.ip("link add pod\(index) type veth peer name other\(index)")
                    while told.applications < index + 2, told.refusals.isEmpty { try follower.next() }
                    #expect(try declaration.plan(at: bench.scratch.path).isFulfilled)
                }
                #expect(told.refusals.isEmpty, "\(told.refusals)")
                #expect(try ApplyTests.names(bench) == ["shared"])
            }
        }
    }

    /// An interface that comes when all are being attached to is not taken for one that was.
    @Test func whatComesMeanwhileIsFound() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.pair.inReceiver {
                let told = Told()
                let declaration = try ApplyTests.declaration(
                    [ApplyTests.field("tenant")],
                    ["far0", "pod*"].map { ApplyTests.interface($0, [.xdp: [.prebuilt]]) })
                let hasCome = Atomic(false)
                let follower = try HostFollower(
                    declaration, at: bench.scratch.path,
                    recording: { change in
                        guard case .attachment = change.event, !hasCome.exchange(true, ordering: .relaxed) else {
                            return
                        }
                        try? Self.ip("link add pod1 type veth peer name other1")
                    }, tell: { told.events.append($0) })
                try follower.begin()
                #expect(hasCome.load(ordering: .relaxed) && told.applications == 1)
                try follower.next()
                #expect(told.attached == ["pod1"] && told.refusals.isEmpty, "\(told.refusals)")
            }
        }
    }
}
