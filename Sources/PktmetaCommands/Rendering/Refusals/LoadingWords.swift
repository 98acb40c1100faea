// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

extension LoadingRefusal: RefusalWords {
    var reason: String {
        switch self {
        case .unreadableObject(let file, let said, let errno):
            "\(file): it is not a BPF object that libbpf can read\(said.map { ": \($0)" } ?? " (\(errno.name))")"
        case .noRegistryMap(let file, let map): "\(file): it has no map \(map)"
        case .objectOfOtherABI(let file, let version, let own):
            "\(file) was compiled against ABI \(version), this pktmeta has \(own)"
        case .otherMaps(let file): "\(file) was compiled against another ABI than this pktmeta's"
        case .noConstant(let file, let name, let size): "\(file): it has no constant \(name) of \(size.of("byte"))"
        case .noProgram(let file, let hook, let others):
            "\(file): it has no \(hook) program"
                + (others.isEmpty ? "" : ": ")
                + others.prefix(4).map { $0.words(against: hook) }.joined(separator: "; ")
                + (others.count > 4 ? "; ..." : "")
        case .noSuchProgram(let file, let program, let hook, let others):
            "\(file): it has no \(hook) program \(program)"
                + (others.isEmpty ? "" : "; it has \(others.joined(separator: ", "))")
        case .programOfOtherHook(let file, let program, let hook): "\(file): its \(program.words(against: hook))"
        case .severalPrograms(let file, let hook, let programs):
            "\(file): it has \(programs.count) \(hook) programs\(Self.list(programs))"
        case .longProgramName(let file, let most): "\(file): the program's name has more than \(most) bytes"
        case .mixedTailCalls(let file, let program, let other):
            "\(file): \(program.name) is \(program.section) and reaches \(other.name), \(other.section), by a tail call: "
                + "the kernel has programs of one kind only call each other"
        case .sharedArray(let file, let array):
            "\(file): its program array \(array) is filled by the object and pinned by name, so a program loaded anew "
                + "would change where the attached one's packets go"
        case .missingFields(let file, let missing, _):
            "\(file) uses fields that are not registered: \(missing.map(\.name).joined(separator: ", "))"
        case .declaredSize(let file, let field, let size):
            "\(file) declares \(field.name) with \(size.of("byte")), \(field.registeredWords)"
        case .calledSize(let file, let field, let size):
            "\(file) sets or gets \(field.name) by its id with \(size.of("byte")), \(field.registeredWords)"
        case .noSuccessor(let program, let next):
            "\(program) does not end in pktmeta_next(), so \(next) would never run behind it"
        case .tooManyPrograms(let count, let most):
            "\(count) programs would share its XDP hook, and the kernel lets a packet pass through \(most)"
        case .mixedFragments(let without, let with):
            "programs of a chain take packets in fragments, or none does: \(without.joined(separator: ", ")) is "
                + "SEC(\"xdp\"), \(with.joined(separator: ", ")) SEC(\"xdp.frags\")"
        case .driverNotAsked(let refusal): refusal.words
        case .interfaceGone(let interface): "the interface \(interface.map { "\($0) " } ?? "")is gone"
        case .fieldMoving(let name): "the field \(name) is just moving"
        case .noKernelTypes(let errno): "this kernel does not give its types away (\(errno.name))"
        }
    }

    var remedy: String? {
        switch self {
        case .unreadableObject(_, let said, _):
            said?.contains(text: "BTF is required") == true
                ? "Compile it with -g: where fields lie is told by its types." : nil
        case .noRegistryMap:
            "Programs that share fields include <pktmeta/pktmeta.bpf.h>; others need no pktmeta to be attached."
        case .objectOfOtherABI, .otherMaps: "Compile it against the headers of this version."
        case .noProgram(_, let hook, let others): Self.remedy(hook, others)
        case .programOfOtherHook(_, let program, let hook): Self.remedy(hook, [program])
        case .severalPrograms: "Name one: OBJECT:PROGRAM."
        case .mixedTailCalls: "Give both the same section."
        case .sharedArray: "Leave out its pinning: what is attached keeps its maps."
        case .missingFields(_, let missing, let registered):
            missing.map { NearestName.question($0.name, among: registered.map(\.text)) }.joined()
                + missing.map { "pktmeta register-field \($0.name) --type \($0.type?.description ?? "TYPE")" }
                .joined(separator: "; ")
                + "; or --register-missing, for those declared with their type."
        case .declaredSize(_, let field, _), .calledSize(_, let field, _):
            "pktmeta inspect-map registry \(field.name) shows who registered it."
        case .noSuccessor(let program, _):
            "Put \(program) last, or have it end in `return pktmeta_next(ctx, verdict);`."
        case .tooManyPrograms:
            "pktmeta detach-from-interface INTERFACE --xdp --program NAME makes room; pktmeta status lists them."
        case .mixedFragments: "Compile all as SEC(\"xdp.frags\"), as the prebuilt producer is."
        case .driverNotAsked(let refusal): refusal.remedy
        case .fieldMoving:
            "Try again. If that does not help, a command was killed: the next one that writes finishes it."
        case .noKernelTypes: "It takes a kernel with CONFIG_DEBUG_INFO_BTF."
        case .noConstant, .noSuchProgram, .longProgramName, .interfaceGone: nil
        }
    }

    /// With the command that takes the programs that are there, if it is another one.
    private static func remedy(_ hook: Hook, _ others: [ObjectProgram]) -> String {
        let commands = Set(others.compactMap(\.command)).subtracting([hook.command]).sorted()
        return "Programs for \(hook) are \(hook.sections.joined(separator: ", "))."
            + (commands.isEmpty ? "" : " pktmeta \(commands.joined(separator: " and pktmeta ")) takes such ones.")
    }

    private static func list(_ names: [String]) -> String {
        names.isEmpty ? "" : ": \(names.joined(separator: ", "))"
    }
}

extension RegisteredField {
    fileprivate var registeredWords: String { "and it is registered as \(type), of \(type.size)" }
}

extension ObjectProgram {
    /// Why it cannot be attached to a hook that does not run it.
    fileprivate func words(against hook: Hook) -> String {
        let reason =
            switch purpose {
            case .xdp: "for XDP"
            case .tcIngress: section.contains(text: "ingress") ? "for TC ingress" : "for TC"
            case .tcEgress: "for TC egress"
            case .netfilter: "for netfilter"
            case .cgroup: "for cgroups"
            case .cgroupIngress: "for cgroup ingress"
            case .cgroupEgress: "for cgroup egress"
            case .deviceMap: "for packets that a device map sends, and the kernel attaches it to no interface"
            case .cpuMap: "for packets that a CPU map hands over, and the kernel attaches it to no interface"
            case .other: "not for \(hook)"
            }
        return "program \(name) is \(section), \(reason)"
    }
}

extension ObjectProgram {
    /// What attaches it; nil if nothing does.
    fileprivate var command: String? {
        switch purpose {
        case .xdp, .tcIngress, .tcEgress: Hook.xdp.command
        case .netfilter: Hook.netfilter.command
        case .cgroup, .cgroupIngress, .cgroupEgress: Hook.cgroupIngress.command
        case .deviceMap, .cpuMap, .other: nil
        }
    }
}

extension DriverRefusal {
    fileprivate var words: String {
        "\(interface) cannot fill \(fields.map(\.text).joined(separator: ", ")): \(causeWords)"
    }

    private var causeWords: String {
        switch cause {
        case .genericMode: "its XDP mode is generic, where no driver can be asked"
        case .unknownToDriver: "its driver does not know that of packets"
        case .noDriver: "its driver cannot be asked by XDP programs (EOPNOTSUPP)"
        case .chain:
            "several programs share its XDP hook, and the kernel lets none of a chain ask a driver (EINVAL)"
        case .otherNamespace:
            "its network namespace cannot be entered from here; run this inside it, or as root"
        case .noQuestion: "the kernel cannot ask drivers for it (EINVAL); for rx_vlan, that came with Linux 6.8"
        case .noBinding: "the kernel cannot bind the program to it (EINVAL); that came with Linux 6.3"
        }
    }

    fileprivate var remedy: String {
        let commands =
            registered.map { "pktmeta unregister-field \($0)" }
            + (isAttached ? ["pktmeta detach-from-interface \(ShellWord.quoted(interface)) --xdp"] : [])
        return "What helps: \(commands.joined(separator: ", or "))."
    }
}

extension ObjectRefusal: RefusalWords {
    var reason: String {
        switch self {
        case .noRegularFile: "it is no regular file, and may have no end"
        case .tooLargeFile(_, let most): "it has more than the \(most) MiB of an object"
        case .unreadableFile(_, let errno): errno.withName
        }
    }

    var remedy: String? {
        guard case .unreadableFile(let path, .noSuchFileOrDirectory) = self else { return nil }
        return NearestName.of(path.string, among: ["prebuilt", "scrub", "none"]).map { "Did you mean \($0)?" }
    }
}
