// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// attach-to-interface and detach-from-interface, as a user runs them.
@Suite(Kernel.required) struct AttachmentTests {
    /// A veth pair, and commands run at its far end with a registry of their own.
    final class Bench: @unchecked Sendable {
        let scratch = ScratchRegistry()
        let pair: VethPair

        init() throws { pair = try VethPair() }

        func command(_ arguments: String...) throws -> CommandRun {
            try pair.inReceiver { CommandRun(arguments + ["--registry", scratch.path.string]) }
        }

        /// Program and link ids at the far end's XDP hook.
        func attachedXDP() throws -> UInt32? {
            try pair.inReceiver { try Hook.xdp.programIDs(ifindex: NetworkInterface(named: VethPair.far).index).first }
        }
    }

    static func object(_ name: String) -> String { Fixture.object(name).string }

    @Test func thePrebuiltPairIsAttachedOnceAndDetached() throws {
        try Kernel.run {
            let bench = try Bench()
            let first = try bench.command("attach-to-interface", "far0")
            #expect(first.exitCode == 0, "\(first.errors)")
            #expect(first.output == "far0: XDP: producer attached (native)\nfar0: TC ingress: consumer attached (tcx)")
            let program = try bench.attachedXDP()
            #expect(program != nil)
            let pins = bench.scratch.pins

            let second = try bench.command("attach-to-interface", "far0")
            #expect(
                second.output == "far0: XDP: producer unchanged (native)\nfar0: TC ingress: consumer unchanged (tcx)")
            #expect(try bench.attachedXDP() == program)
            #expect(bench.scratch.pins == pins)

            let third = try bench.command("detach-from-interface", "far0", "--xdp")
            #expect(third.output == "far0: XDP: producer detached (native)")
            // A child of another test, between fork and exec, may hold the link for a moment.
            let isFree = try eventually { try bench.attachedXDP() == nil }
            #expect(isFree)
            let fourth = try bench.command("detach-from-interface", "far0")
            #expect(fourth.output == "far0: TC ingress: consumer detached (tcx)")
            #expect(bench.scratch.pins == ScratchRegistry.partsOfEmpty)

            let fifth = try bench.command("detach-from-interface", "far0")
            #expect(fifth.exitCode == 66)
            #expect(
                fifth.errors.contains(
                    "nothing of the registry \(bench.scratch.path) is attached to its XDP, TC ingress or TC egress"))
        }
    }

    /// The kernel lets go of an unpinned link a grace period later: what takes the hook next must not have to wait.
    @Test func detachingIsDoneWhenTheCommandReturns() throws {
        try Kernel.run {
            let bench = try Bench()
            for _ in 0..<50 {
                #expect(try bench.command("attach-to-interface", "far0", "--tc", "none").exitCode == 0)
                #expect(try bench.command("detach-from-interface", "far0").exitCode == 0)
                #expect(try bench.attachedXDP() == nil)
            }
        }
    }

    @Test func genericModeIsToldFromNative() throws {
        try Kernel.run {
            let bench = try Bench()
            let generic = try bench.command("attach-to-interface", "far0", "--mode", "generic", "--tc", "none")
            #expect(generic.output == "far0: XDP: producer attached (generic)")
            let native = try bench.command("attach-to-interface", "far0", "--mode", "native", "--tc", "none")
            #expect(native.exitCode == 73)
            #expect(native.errors.contains("producer is attached to it in generic mode"))
        }
    }

    @Test func loopbackHasNoNativeXDP() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.pair.inReceiver { try VethPair.ip("link set lo up") }
            let native = try bench.command("attach-to-interface", "lo", "--mode", "native")
            #expect(native.exitCode == 69)
            #expect(native.errors.contains("the driver has no native XDP (EOPNOTSUPP)"))
            #expect(native.errors.contains("--mode generic"))
            let auto = try bench.command("attach-to-interface", "lo")
            #expect(
                auto.output.contains("lo: XDP: producer attached (generic; the driver has no native XDP (EOPNOTSUPP))"))
        }
    }

    @Test func programsCompiledApartShareAField() throws {
        try Kernel.run {
            let bench = try Bench()
            let registered = try bench.command("register-field", "shared", "--type", "u32", "--json")
            #expect(registered.exitCode == 0)
            let attached = try bench.command(
                "attach-to-interface", "far0", "--xdp", Self.object("sharing_xdp"),
                "--tc", Self.object("sharing_tc") + ":read_stamp")
            #expect(attached.exitCode == 0, "\(attached.errors)")
            try bench.pair.send(50)

            let registry = try Registry.open(at: bench.scratch.path, for: .read)
            let field = try #require(try registry.image().field(named: FieldName("shared")))
            let arrived = try eventually { try registry.state(of: field).got >= 50 }
            #expect(arrived)
            #expect(try registry.state(of: field).got == 50)
            #expect(try registry.areaState().found == 50)

            let refused = try bench.command("unregister-field", "shared")
            #expect(refused.exitCode == 73)
            #expect(
                refused.errors.contains(
                    "program read_stamp on far0 (TC ingress) uses it, program stamp on far0 (XDP) uses it"),
                "\(refused.errors)")
            #expect(try registry.image().field(named: FieldName("shared")) == field)
            let forced = try bench.command("unregister-field", "shared", "--force")
            #expect(forced.exitCode == 0)
            try bench.pair.send(10)
            let stale = try eventually { try registry.areaState().stale >= 10 }
            #expect(stale)
        }
    }

    @Test func anotherObjectReplacesTheProgramOnTheSameLink() throws {
        try Kernel.run {
            let bench = try Bench()
            _ = try bench.command("register-field", "shared", "--type", "u32")
            _ = try bench.command("attach-to-interface", "far0", "--tc", "none")
            let producer = try bench.attachedXDP()
            let replaced = try bench.command(
                "attach-to-interface", "far0", "--tc", "none", "--xdp", Self.object("sharing_xdp"))
            #expect(replaced.output == "far0: XDP: stamp replaced (native)")
            #expect(try bench.attachedXDP() != producer)
            let unchanged = try bench.command(
                "attach-to-interface", "far0", "--tc", "none", "--xdp", Self.object("sharing_xdp") + ":stamp")
            #expect(unchanged.output == "far0: XDP: stamp unchanged (native)")
        }
    }

    @Test func theNamespaceCanBeNamed() throws {
        try Kernel.run {
            let bench = try Bench()
            let path = "/proc/\(ProcessID.current)/fd/\(bench.pair.receiver.fd.raw)"
            let arguments = ["--registry", bench.scratch.path.string, "--netns", path]
            let attached = CommandRun(["attach-to-interface", "far0", "--json"] + arguments)
            #expect(attached.exitCode == 0, "\(attached.errors)")
            #expect(try bench.attachedXDP() != nil)
            #expect(CommandRun(["detach-from-interface", "far0"] + arguments).exitCode == 0)
            let isFree = try eventually { try bench.attachedXDP() == nil }
            #expect(isFree)

            let missing = CommandRun(
                ["attach-to-interface", "far0", "--registry", bench.scratch.path.string, "--netns", "no-such-ns"])
            #expect(missing.exitCode == 66)
            #expect(missing.errors.contains("there is no network namespace at /run/netns/no-such-ns (ENOENT)"))
        }
    }

    /// An interface's index is used again by another: its dead attachment is not taken for one of the new interface.
    @Test func aDeadAttachmentIsNotTakenForALiveOne() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.pair.inReceiver { try VethPair.ip("link add name first0 index 77 type veth peer name first1") }
            #expect(try bench.command("attach-to-interface", "first0", "--mode", "generic").exitCode == 0)
            try bench.pair.inReceiver {
                try VethPair.ip("link del first0")
                try VethPair.ip("link add name second0 index 77 type veth peer name second1")
            }
            let again = try bench.command("attach-to-interface", "second0", "--mode", "generic")
            #expect(
                again.output
                    == "second0: XDP: producer attached (generic)\nsecond0: TC ingress: consumer attached (tcx)")
        }
    }

    @Test func theAttachmentOfAVanishedInterfaceIsRemoved() throws {
        try Kernel.run {
            let bench = try Bench()
            _ = try bench.command("register-field", "shared", "--type", "u32")
            try bench.pair.inReceiver { try VethPair.ip("link add name gone0 type veth peer name gone1") }
            let attached = try bench.command(
                "attach-to-interface", "gone0", "--xdp", Self.object("sharing_xdp"), "--tc", "none")
            #expect(attached.exitCode == 0, "\(attached.errors)")
            try bench.pair.inReceiver { try VethPair.ip("link del gone0") }
            #expect(try bench.command("unregister-field", "shared").exitCode == 0)
            #expect(bench.scratch.pins == ScratchRegistry.partsOfEmpty)
        }
    }

    @Test func anInterfaceTakesItsProgramsAlongToAnotherNamespace() throws {
        try Kernel.run {
            let bench = try Bench()
            #expect(try bench.command("attach-to-interface", "far0").exitCode == 0)
            let path = "/proc/\(ProcessID.current)/fd/\(bench.pair.sender.fd.raw)"
            try bench.pair.inReceiver { try VethPair.ip("link set far0 netns \(path)") }
            let again = try bench.pair.inSender {
                CommandRun(["attach-to-interface", "far0", "--registry", bench.scratch.path.string])
            }
            #expect(
                again.output == "far0: XDP: producer unchanged (native)\nfar0: TC ingress: consumer unchanged (tcx)",
                "\(again.errors)")
            let detached = try bench.pair.inSender {
                CommandRun(["detach-from-interface", "far0", "--registry", bench.scratch.path.string])
            }
            #expect(detached.exitCode == 0)
            #expect(bench.scratch.pins == ScratchRegistry.partsOfEmpty)
        }
    }

    /// A field registered anew has another id: attaching the same object again must give the program that one.
    @Test func attachingAgainFollowsANewID() throws {
        try Kernel.run {
            let bench = try Bench()
            func attach() throws -> CommandRun {
                try bench.command("attach-to-interface", "far0", "--xdp", Self.object("sharing_xdp"), "--tc", "none")
            }
            _ = try bench.command("register-field", "shared", "--type", "u32")
            _ = try attach()
            #expect(try bench.command("unregister-field", "shared", "--force").exitCode == 0)
            _ = try bench.command("register-field", "shared", "--type", "u32")
            #expect(try attach().output == "far0: XDP: stamp replaced (native)")
            #expect(try attach().output == "far0: XDP: stamp unchanged (native)")
        }
    }

    @Test func aProgramOfOnesOwnStaysUnlessAnotherIsNamed() throws {
        try Kernel.run {
            let bench = try Bench()
            _ = try bench.command("register-field", "shared", "--type", "u32")
            let own = Self.object("sharing_tc") + ":read_stamp"
            _ = try bench.command("attach-to-interface", "far0", "--xdp", "none", "--tc", own)
            let xdp = try bench.command("attach-to-interface", "far0", "--xdp", Self.object("sharing_xdp"))
            #expect(xdp.output == "far0: XDP: stamp attached (native)")
            let both = try bench.command("attach-to-interface", "far0", "--xdp", "prebuilt", "--tc", "prebuilt")
            #expect(both.output == "far0: XDP: producer replaced (native)\nfar0: TC ingress: consumer replaced (tcx)")
        }
    }

    /// One hook is named: nothing is attached to the other. None is: the prebuilt pair.
    @Test(arguments: [
        (["--tc", "scrub"], ["TC ingress: scrub attached (tcx)"]),
        (["--tc", "prebuilt"], ["TC ingress: consumer attached (tcx)"]),
        (["--xdp", "prebuilt"], ["XDP: producer attached (native)"]),
        (["--xdp", "prebuilt", "--tc", "none"], ["XDP: producer attached (native)"]),
        (["--xdp", "none"], ["TC ingress: consumer attached (tcx)"]),
        (["--tc", "none"], ["XDP: producer attached (native)"]),
        (["--tc", "scrub", "--lock-timeout", "10"], ["TC ingress: scrub attached (tcx)"]),
        ([], ["XDP: producer attached (native)", "TC ingress: consumer attached (tcx)"]),
    ])
    func whatWasNamedIsWhatIsAttached(options: [String], attached: [String]) throws {
        try Kernel.run {
            let bench = try Bench()
            let run = try bench.pair.inReceiver {
                CommandRun(["attach-to-interface", "far0", "--registry", bench.scratch.path.string] + options)
            }
            #expect(run.output == attached.map { "far0: \($0)" }.joined(separator: "\n"), "\(run.errors)")
            #expect(try (bench.attachedXDP() != nil) == attached.contains { $0.hasPrefix("XDP") })
        }
    }

    /// Every packet meets the program, before, during and after it is replaced.
    @Test func replacingMissesNoPacket() throws {
        try Kernel.run {
            let bench = try Bench()
            _ = try bench.command("register-field", "tenant", "--type", "u32", "--source", "constant:1")
            _ = try bench.command("attach-to-interface", "far0")
            var sent = 0
            for round in 0..<20 {
                try bench.pair.send(50)
                _ = try bench.command("register-field", "field_\(round)", "--type", "u8", "--source", "constant:2")
                try bench.pair.send(50)
                sent += 100
            }
            let registry = try Registry.open(at: bench.scratch.path, for: .read)
            let all = try eventually { try registry.areaState().made >= UInt64(sent) }
            #expect(all)
            let field = try #require(try registry.image().field(named: FieldName("tenant")))
            #expect(try registry.state(of: field).set == UInt64(sent))
            #expect(try registry.state(of: field).got == UInt64(sent))
        }
    }

    /// An index that is used again here, while the interface that had it lives on in another namespace.
    @Test func anIndexUsedAgainIsAnotherInterface() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.pair.inReceiver { try VethPair.ip("link add name first0 index 77 type veth peer name first1") }
            #expect(try bench.command("attach-to-interface", "first0", "--mode", "generic").exitCode == 0)
            let path = "/proc/\(ProcessID.current)/fd/\(bench.pair.sender.fd.raw)"
            try bench.pair.inReceiver {
                try VethPair.ip("link set first0 netns \(path)")
                try VethPair.ip("link add name second0 index 77 type veth peer name second1")
            }
            let nothing = try bench.command("detach-from-interface", "second0")
            #expect(nothing.exitCode == 66, "\(nothing.output)")
            let second = try bench.command("attach-to-interface", "second0", "--mode", "generic")
            #expect(
                second.output
                    == "second0: XDP: producer attached (generic)\nsecond0: TC ingress: consumer attached (tcx)")
            let first = try bench.pair.inSender {
                CommandRun(["detach-from-interface", "first0", "--registry", bench.scratch.path.string])
            }
            #expect(
                first.output == "first0: XDP: producer detached (generic)\nfirst0: TC ingress: consumer detached (tcx)",
                "\(first.errors)")
            #expect(try bench.command("detach-from-interface", "second0").exitCode == 0)
        }
    }
}
