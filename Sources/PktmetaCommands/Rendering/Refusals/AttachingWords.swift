// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

extension AttachingRefusal: RefusalWords {
    var reason: String {
        switch self {
        case .noSuchMode(let mode, let hook): "\(mode.rawValue) is no mode of \(hook)"
        case .heldRequest: "what is not pinned has no --join, no place among others and no clsact mode"
        case .namedTwice(let program): "\(program) is named twice for one hook"
        case .programNotAttached(let word, _): "this registry has no program \(word) attached there"
        case .ambiguousProgram(let word, let programs): "\(word) may be any of \(Self.list(programs))"
        case .noSuchNeighbour(let word, let hook, _): "its \(hook) has no program \(word)"
        case .ambiguousNeighbour(let word, let there): "\(word) may be any of \(Self.list(there))"
        case .attachedInOtherMode(let program, let mode, .xdp, _):
            "\(program) is attached to it in \(mode.rawValue) mode"
        case .attachedInOtherMode(let program, let mode, _, _):
            "\(program) is attached to it by \(mode.rawValue)"
        case .nothingAttached(let registry, let hooks):
            "nothing of the registry \(registry) is attached to its "
                + [hooks.dropLast().map(\.description).joined(separator: ", "), hooks.last?.description ?? ""]
                .filter { !$0.isEmpty }.joined(separator: " or ")
        case .hookTaken(let holder, _, let errno):
            "\(holder?.description ?? "another program") holds its XDP hook (\(errno.name))"
        case .hookFull(let hook, let errno):
            "as many programs as the kernel allows are attached to its \(hook) (\(errno.name))"
        case .neighbourGone(let hook, let errno):
            "the program beside which it is to run has just gone from its \(hook) (\(errno.name))"
        case .registryGone(let path): "the registry \(path) was removed, or replaced by another"
        case .noTCXLinks(let errno): "the kernel has no TCX links (\(errno.name)); they came with Linux 6.6"
        case .orderTakesTCX(let kernelHasTCX):
            "an order among TC programs takes TCX, " + (kernelHasTCX ? "and not clsact" : "which came with Linux 6.6")
        case .noXDPMode(let mode, let errno): "the driver has no \(mode.rawValue) XDP (\(errno.name))"
        case .noEgressFilters:
            "the kernel has no TCX, and the interface has an ingress qdisc, which has no filters for packets that leave"
        case .notRenewed(let refusal): refusal.reason
        }
    }

    var remedy: String? {
        switch self {
        case .programNotAttached(_, let there) where there.isEmpty: nil
        case .programNotAttached(let word, let there):
            NearestName.question(word, among: there.flatMap { [$0.program, $0.file] }) + "It has \(Self.list(there))."
        case .ambiguousProgram: "Name one as OBJECT:PROGRAM."
        case .noSuchNeighbour(_, _, let there) where there.isEmpty: nil
        case .noSuchNeighbour(let word, _, let there):
            NearestName.question(word, among: there.compactMap(\.name)) + "It has \(Self.list(there))."
        case .ambiguousNeighbour: "Name one by its id."
        case .attachedInOtherMode(_, _, let hook, let interface):
            (hook == .xdp ? "A link keeps its mode: " : "")
                + "pktmeta detach-from-interface \(ShellWord.quoted(interface)) \(hook.option) first."
        case .hookTaken(let holder, let interface, _):
            holder?.wayOut(interface) ?? "Its owner should detach it."
        case .neighbourGone: "Try again."
        case .noXDPMode: "--mode generic works with any driver."
        case .noEgressFilters(let interface):
            "Whoever made that qdisc should make it a clsact qdisc, which has both: its filters go with it. "
                + "tc qdisc show dev \(ShellWord.quoted(interface)) ingress shows it."
        case .notRenewed(let refusal):
            refusal.remedy(beside: "It goes on as it was; the next command that writes tries again.")
        case .noSuchMode, .heldRequest, .namedTwice, .nothingAttached, .hookFull, .registryGone, .noTCXLinks,
            .orderTakesTCX:
            nil
        }
    }

    private static func list(_ programs: [ProgramIdentity]) -> String {
        programs.map(\.description).joined(separator: ", ")
    }

    private static func list(_ programs: [Neighbour]) -> String {
        programs.map { program in
            program.name.map { "\($0) (id \(program.programID))" } ?? "program \(program.programID)"
        }
        .joined(separator: ", ")
    }
}
