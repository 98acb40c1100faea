// SPDX-License-Identifier: BSD-2-Clause

import BPF
import Linux
import PacketMetadata
import RegistryModel
import SystemPackage
import TestSupport
import Testing

/// Who is on a hook, however it came there.
@Suite(Kernel.required) struct OccupancyTests {
    /// The far end of a veth pair, and a folder for pins.
    final class Bench: @unchecked Sendable {
        let scratch = ScratchRegistry()
        let pair: VethPair
        let ifindex: UInt32

        init() throws {
            pair = try VethPair()
            ifindex = try pair.inReceiver { try NetworkInterface(named: VethPair.far).index }
            try Folder.make(scratch.path)
        }

        func load(_ name: String) throws -> BPFProgram {
            try BPFObject(bytes: Fixture.bytes(Fixture.object(name)), name: name).load(
                only: Self.programs[name] ?? name)
        }

        private static let programs = ["dispatcher": "xdp_dispatcher"]

        /// A place for a pin, which the bench removes.
        func pin(_ name: String) -> FilePath { scratch.path.appending(name) }

        func occupancy(_ hook: Hook) throws -> HookOccupancy {
            try pair.inReceiver { try HookOccupancy(of: VethPair.far, hook) }
        }

        func tool(_ arguments: String...) throws { try tool(arguments) }

        func tool(_ arguments: [String]) throws {
            // iproute2 makes folders and symbolic links where BPF programs are pinned: not in the machine's.
            let outcome = try pair.inReceiver {
                try ChildProcess.run(["env", "TC_BPF_MNT=\(scratch.path)"] + arguments)
            }
            try #require(outcome.status == 0, "\(arguments): \(outcome.output)")
        }

        deinit { _ = try? ChildProcess.run(["rm", "-r", scratch.path.string]) }
    }

    @Test func nobody() throws {
        try Kernel.run {
            let bench = try Bench()
            let xdp = try bench.occupancy(.xdp)
            #expect(xdp.occupants.isEmpty)
            #expect(xdp.tcx == nil)
            let tc = try bench.occupancy(.tcIngress)
            #expect(tc.occupants.isEmpty)
            #expect(tc.qdisc == nil)
            guard case .available = tc.tcx else {
                Issue.record("\(String(describing: tc.tcx))")
                return
            }
        }
    }

    @Test func thereIsNoSuchInterface() throws {
        try Kernel.run {
            do {
                _ = try HookOccupancy(of: "nosuch0", .xdp)
                Issue.record("it was found")
            } catch let error as PacketMetadataError {
                #expect(error.kind == .notFound)
                #expect(error.action == .lookAtHook("XDP", interface: "nosuch0"))
                guard
                    case .noSuchInterface("nosuch0", .operationNotSupportedByDevice, among: let names)? =
                        error.refusal as? InterfaceRefusal
                else {
                    Issue.record("\(error)")
                    return
                }
                #expect(names.contains("lo"))
            }
        }
    }

    @Test(arguments: [XDPMode.native, .generic])
    func anXDPLink(mode: XDPMode) throws {
        try Kernel.run {
            let bench = try Bench()
            let program = try bench.load("foreign")
            let link = try bench.pair.inReceiver { try BPFLink.xdp(program, ifindex: bench.ifindex, mode: mode) }
            let id = try link.information.id
            let unpinned = try #require(try bench.occupancy(.xdp).occupants.first)
            #expect(unpinned.mechanism == .xdpLink)
            #expect(unpinned.mode?.rawValue == mode.rawValue)
            #expect(unpinned.programID == program.id)
            #expect(unpinned.programName == "foreign")
            #expect(unpinned.linkID == id)
            #expect(unpinned.registry == nil)
            #expect(!unpinned.isDispatcher)
            #expect(unpinned.description == "program foreign (id \(program.id), link \(id))")

            let pins = (link: bench.pin("a_link"), program: bench.pin("a_program"))
            try program.pin(at: pins.program)
            try link.pin(at: pins.link)
            let occupancy = try bench.occupancy(.xdp)
            let pinned = try #require(occupancy.occupants.first)
            #expect(occupancy.occupants.count == 1)
            #expect(occupancy.hasAllPins)
            #expect(pinned.pins == [pins.link, pins.program], "the link's first")
            #expect(
                pinned.description
                    == "program foreign (id \(program.id), link \(id), pinned at \(pins.link) and 1 more)")
        }
    }

    /// Whose a pin is shows in the folder that it is in: a registry may lie in the root of a BPF file system, above
    /// everyone's pins.
    @Test func aPinBesideARegistryIsNotOfTheRegistry() throws {
        try Kernel.run {
            let bench = try Bench()
            let scratch = ScratchRegistry()
            _ = try Registry.openOrCreate(at: scratch.path)
            let program = try bench.load("foreign")
            let link = try bench.pair.inReceiver { try BPFLink.xdp(program, ifindex: bench.ifindex, mode: .native) }
            let pin = scratch.path.appending("a_link")
            try link.pin(at: pin)
            let occupant = try #require(try bench.occupancy(.xdp).occupants.first)
            #expect(occupant.pins == [pin])
            #expect(occupant.registry == nil)
            try FolderEntry(following: pin).unlink()
        }
    }

    @Test func loadTimesAreOfTheBootClock() throws {
        try Kernel.run {
            let bench = try Bench()
            let program = try bench.load("foreign")
            let later = try bench.load("foreign")
            let times = try (ProgramInformation(program).loadedAt, ProgramInformation(later).loadedAt)
            #expect(0 < times.0 && times.0 < times.1)
            #expect(times.1 - times.0 < 10_000_000_000)
            #expect(try ProgramInformation(id: program.id) == ProgramInformation(program))
        }
    }

    @Test(arguments: [("xdpdrv", AttachmentMode.native), ("xdpgeneric", .generic)])
    func anXDPProgramByNetlink(option: String, mode: AttachmentMode) throws {
        try Kernel.run {
            let bench = try Bench()
            let program = try bench.load("foreign")
            try program.pin(at: bench.pin("by_ip"))
            try bench.tool("ip", "link", "set", "far0", option, "pinned", bench.pin("by_ip").string)
            let occupancy = try bench.occupancy(.xdp)
            #expect(occupancy.occupants.count == 1)
            let occupant = try #require(occupancy.occupants.first)
            #expect(occupant.mechanism == .xdpNetlink)
            #expect(occupant.mode == mode)
            #expect(occupant.linkID == nil)
            #expect(
                occupant.description
                    == "program foreign (id \(program.id), attached by netlink, pinned at \(bench.pin("by_ip")))")
        }
    }

    /// The same program on interfaces of the same number in two namespaces: whose link is whose, the kernel does not say.
    @Test func whatCannotBeKnownIsNotGuessed() throws {
        try Kernel.run {
            let bench = try Bench()
            let near = try bench.pair.inSender { try NetworkInterface(named: VethPair.near).index }
            try #require(near == bench.ifindex, "each is the first of a new namespace")
            let program = try bench.load("foreign")
            let there = try bench.pair.inSender { try BPFLink.xdp(program, ifindex: near, mode: .native) }
            let here = try bench.pair.inReceiver { try BPFLink.xdp(program, ifindex: bench.ifindex, mode: .native) }
            let occupant = try #require(try bench.occupancy(.xdp).occupants.first)
            #expect(occupant.mechanism == .xdp)
            #expect(occupant.linkID == nil)
            try there.detach()
            #expect(try bench.occupancy(.xdp).occupants.first?.linkID == here.information.id)
        }
    }

    @Test func libxdpsDispatcher() throws {
        try Kernel.run {
            let bench = try Bench()
            let program = try bench.load("dispatcher")
            let link = try bench.pair.inReceiver { try BPFLink.xdp(program, ifindex: bench.ifindex, mode: .native) }
            let id = try link.information.id
            let bare = try #require(try bench.occupancy(.xdp).occupants.first)
            #expect(bare.isDispatcher)
            #expect(bare.dispatcherFolder == nil)
            let folder = bench.pin("dispatch-\(bench.ifindex)-\(program.id)")
            try Folder.make(folder)
            try Folder.make(bench.pin("dispatch-\(bench.ifindex)-\(program.id + 1)"))
            let occupant = try #require(try bench.occupancy(.xdp).occupants.first)
            #expect(occupant.dispatcherFolder == folder)
            #expect(
                occupant.description
                    == "libxdp's dispatcher (id \(program.id), link \(id), its programs are pinned in \(folder))")
        }
    }

    @Test func aFilter() throws {
        try Kernel.run {
            let bench = try Bench()
            let program = try bench.load("foreign_tc")
            let pin = bench.pin("filter_program")
            try program.pin(at: pin)
            try bench.tool("tc", "qdisc", "add", "dev", "far0", "clsact")
            #expect(try bench.occupancy(.tcIngress).qdisc == "clsact")
            #expect(try bench.occupancy(.tcIngress).occupants.isEmpty)
            let add = ["tc", "filter", "add", "dev", "far0"]
            for arguments in [
                ["ingress", "prio", "9", "handle", "0x5", "bpf", "da", "pinned", pin.string],
                ["ingress", "prio", "7", "bpf", "pinned", pin.string],
                ["egress", "prio", "3", "bpf", "da", "pinned", pin.string],
            ] { try bench.tool(add + arguments) }
            // Filters of other kinds are none of ours.
            try bench.tool(
                "tc", "filter", "add", "dev", "far0", "ingress", "prio", "1", "protocol", "ip", "u32", "match", "u32",
                "0",
                "0")

            let filters = try bench.occupancy(.tcIngress).occupants
            #expect(filters.map(\.mechanism) == [.clsBPF, .clsBPF])
            #expect(filters.map(\.programID) == [program.id, program.id])
            #expect(filters.map(\.filter?.priority) == [7, 9], "in the order in which they run")
            #expect(filters.map(\.filter?.handle) == [1, 5])
            #expect(filters.map(\.filter?.isDirectAction) == [false, true])
            let name = try #require(filters.last?.filter?.name)
            #expect(
                filters.last?.description
                    == "program foreign_tc (id \(program.id), filter \(name) of priority 9, handle 5, pinned at \(pin))"
            )

            let egress = try bench.pair.inReceiver { try TCFilter.filters(ifindex: bench.ifindex, .egress) }
            #expect(egress.map(\.place.priority) == [3])
        }
    }

    @Test func anIngressQdiscHasFiltersToo() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.tool("tc", "qdisc", "add", "dev", "far0", "ingress")
            try bench.tool(
                "tc", "filter", "add", "dev", "far0", "ingress", "bpf", "da", "object-file",
                Fixture.object("foreign_tc").string, "section", "tc")
            let occupancy = try bench.occupancy(.tcIngress)
            #expect(occupancy.qdisc == "ingress")
            #expect(occupancy.occupants.map(\.programName) == ["foreign_tc"])
            let egress = try bench.pair.inReceiver { try TCFilter.filters(ifindex: bench.ifindex, .egress) }
            #expect(egress.isEmpty)
        }
    }

    @Test func filtersComeAfterTCXPrograms() throws {
        try Kernel.run {
            let bench = try Bench()
            try bench.tool("tc", "qdisc", "add", "dev", "far0", "clsact")
            try bench.tool(
                "tc", "filter", "add", "dev", "far0", "ingress", "bpf", "da", "object-file",
                Fixture.object("foreign_tc").string, "section", "tc")
            let program = try bench.load("foreign_tc")
            let link = try bench.pair.inReceiver {
                try BPFLink.tcx(program, ifindex: bench.ifindex, .ingress, at: .last)
            }
            let occupants = try bench.occupancy(.tcIngress).occupants
            #expect(occupants.map(\.mechanism) == [.tcxLink, .clsBPF])
            #expect(try occupants.first?.linkID == link.information.id)
        }
    }

    /// In a mount namespace of its own, under a name that mountinfo(5) escapes.
    @Test func pinsInEachFileSystemAreFound() throws {
        try Kernel.run {
            let folder = try ScratchFolder()
            let script = """
                cd \(folder.path) && mkdir 'a b' && mount -t bpf bpf 'a b' &&
                bpftool prog load \(Fixture.object("foreign")) 'a b/pinned_here' type xdp &&
                bpftool net attach xdpgeneric pinned 'a b/pinned_here' dev lo && \(Fixture.command) doctor lo --json
                """
            let outcome = try ChildProcess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", script])
            #expect(outcome.status == 69, "\(outcome.output)")
            let text =
                "attached by netlink, pinned at \(folder.path)/a b/pinned_here) holds the XDP hook in generic mode"
            #expect(outcome.output.contains(text), "\(outcome.output)")
        }
    }

    @Test func ourOwnAreKnownByTheirRegistry() throws {
        try Kernel.run {
            let bench = try AttachmentTests.Bench()
            #expect(try bench.command("attach-to-interface", "far0").exitCode == 0)
            for (hook, name) in [(Hook.xdp, "producer"), (.tcIngress, "consumer")] {
                let occupancy = try bench.pair.inReceiver { try HookOccupancy(of: VethPair.far, hook) }
                let occupant = try #require(occupancy.occupants.first)
                #expect(occupant.registry == bench.scratch.path)
                #expect(occupant.programName == name)
                let link = try #require(occupant.linkID)
                #expect(
                    occupant.description
                        == "program \(name) (id \(occupant.programID), link \(link), of the registry \(bench.scratch.path))"
                )
            }
        }
    }
}
