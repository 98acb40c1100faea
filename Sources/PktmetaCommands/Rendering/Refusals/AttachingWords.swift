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
        case .neighbourIsWanted(let word): "\(word) is itself among the programs that are to run beside it"
        case .onlyOneProgram(let hook): "the kernel takes one program at each place of \(hook)"
        case .noPrebuilt(let hook): "no program for \(hook) comes with pktmeta"
        case .attachedInOtherMode(let program, let mode, .netfilter, _):
            "\(program) is attached to it " + (mode == .defragmenting ? "with --defragment" : "without --defragment")
        case .attachedInOtherMode(let program, let mode, .xdp, _):
            "\(program) is attached to it in \(mode.rawValue) mode"
        case .attachedInOtherMode(let program, let mode, _, _):
            "\(program) is attached to it by \(mode.rawValue)"
        case .nothingAttached(let registry, let hooks) where hooks == [.netfilter]:
            "nothing of the registry \(registry) is attached there in this network namespace"
        case .nothingAttached(let registry, let hooks):
            "nothing of the registry \(registry) is attached to its "
                + [hooks.dropLast().map(\.description).joined(separator: ", "), hooks.last?.description ?? ""]
                .filter { !$0.isEmpty }.joined(separator: " or ")
        case .hookTaken(let holder, _, let errno):
            "\(holder?.description ?? "another program") holds its XDP hook (\(errno.name))"
        case .priorityTaken(let place, let holders, let errno):
            (holders.isEmpty ? "something else, such as a chain of nftables," : Self.alternatives(holders))
                + " has priority \(place.priority) at its \(place.family.rawValue) \(place.stage.rawValue) hook, where the "
                + "kernel lets no BPF program be beside others (\(errno.name))"
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
        case .noNetfilterPrograms:
            "the kernel has no netfilter programs (EINVAL); they came with Linux 6.4, with CONFIG_NETFILTER_BPF_LINK"
        case .noDefragmenting(let errno):
            "the kernel puts no fragments together for netfilter programs (\(errno.name)); that came with Linux 6.6, with "
                + "CONFIG_NF_DEFRAG_IPV4 and CONFIG_NF_DEFRAG_IPV6"
        case .noFamily(let family, let errno):
            "the kernel takes no netfilter programs for \(family.rawValue) (\(errno.name))"
        case .reservedPriority(_, let defragments, let errno):
            (defragments
                ? "with --defragment the priority is to be greater than -400, at which fragments are put together"
                : "the kernel keeps the lowest and the highest priority for itself") + " (\(errno.name))"
        case .cgroupClosed(let errno):
            "a program of this cgroup, or of one above, was attached so that no others are allowed (\(errno.name))"
        case .notRenewed(let refusal): refusal.reason
        case .namespaceDeserted(let place, let cookie):
            "no process, name, mount or socket is found that is of the network namespace (cookie \(cookie)) of \(place)"
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
        case .neighbourIsWanted: "Programs of one command run in the order in which they are named."
        case .attachedInOtherMode(_, _, let hook, let place):
            (hook == .xdp || hook == .netfilter ? "A link keeps its mode: " : "") + "\(place.detaching(hook)) first."
        case .priorityTaken(_, let holders, _):
            "Another --priority is free, say one beside it"
                + (holders.isEmpty ? "." : "; bpftool link show type netfilter tells more of who has it.")
        case .cgroupClosed: "bpftool cgroup tree shows what is attached, and how."
        case .hookTaken(let holder, let interface, _):
            holder?.wayOut(interface) ?? "Its owner should detach it."
        case .neighbourGone: "Try again."
        case .noXDPMode: "--mode generic works with any driver."
        case .noEgressFilters(let interface):
            "Whoever made that qdisc should make it a clsact qdisc, which has both: its filters go with it. "
                + "tc qdisc show dev \(ShellWord.quoted(interface)) ingress shows it."
        case .notRenewed(let refusal):
            refusal.remedy(beside: "It goes on as it was; the next command that writes tries again.")
        case .namespaceDeserted:
            "If nobody is there any more, pktmeta repair detaches it."
        case .noSuchMode, .heldRequest, .namedTwice, .onlyOneProgram, .noPrebuilt, .noNetfilterPrograms,
            .noDefragmenting, .noFamily, .reservedPriority, .nothingAttached, .hookFull, .registryGone, .noTCXLinks,
            .orderTakesTCX:
            nil
        }
    }

    private static func list(_ programs: [ProgramIdentity]) -> String {
        programs.map(\.description).joined(separator: ", ")
    }

    private static func list(_ programs: [Neighbour]) -> String {
        programs.map(\.words).joined(separator: ", ")
    }

    private static func alternatives(_ programs: [Neighbour]) -> String {
        programs.count == 1 ? programs[0].words : "one of \(list(programs))"
    }
}

extension AttachingRefusal.Neighbour {
    fileprivate var words: String { name.map { "\($0) (id \(programID))" } ?? "program \(programID)" }
}

extension HookPlace {
    /// The command that detaches from a hook of it.
    fileprivate func detaching(_ hook: Hook) -> String {
        switch self {
        case .interface(let name, _): "pktmeta detach-from-interface \(ShellWord.quoted(name)) \(hook.option)"
        case .netfilter(let place, _):
            "pktmeta detach-from-netfilter --hook \(place.stage.rawValue) --priority \(place.priority)"
        case .cgroup(let path): "pktmeta detach-from-cgroup \(ShellWord.quoted(path.string)) \(hook.option)"
        }
    }
}
