// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

extension KernelRefusal: RefusalWords {
    var reason: String {
        switch self {
        case .kernelFailure(let failure), .memoryLimit(let failure), .unresolvedSymbol(let failure),
            .badRelocation(let failure):
            failure.words
        case .missingCapabilities(let missing, let failure):
            "\(failure.words); this process lacks \(missing.map(Self.words).joined(separator: ", "))"
        case .userNamespace(let failure): "\(failure.words); \(Self.userNamespaceReason)"
        case .refusedByVerifier(let refusal): refusal.words
        }
    }

    var remedy: String? { remedy(beside: nil) }

    /// - Parameter other: what helps if what is missing is there.
    func remedy(beside other: String?) -> String? {
        switch self {
        case .kernelFailure: other
        case .missingCapabilities:
            ["Run it as root, or with these capabilities.", other].compactMap(\.self).joined(separator: " ")
        case .userNamespace: Self.userNamespaceRemedy
        case .memoryLimit:
            other
                ?? "Kernels before 5.11 limit the memory of BPF: ulimit -l unlimited, or CAP_SYS_RESOURCE, lifts that."
        case .unresolvedSymbol: "A program that can do without it declares it __weak, and asks whether it is there."
        case .badRelocation: other
        case .refusedByVerifier(let refusal): refusal.remedy
        }
    }

    var details: String? { if case .refusedByVerifier(let refusal) = self { refusal.log } else { nil } }

    static let userNamespaceReason =
        "this process's capabilities are those of a user namespace, and bpf(2) asks for the initial one's"
    static let userNamespaceRemedy =
        "What is missing is the initial user namespace, as outside of a container, or a BPF token (Linux 6.9), which "
        + "pktmeta does not use."

    private static func words(_ capability: String) -> String {
        capability == "CAP_PERFMON" ? "\(capability) (which access by id takes)" : capability
    }
}

extension KernelFailure {
    fileprivate var words: String {
        "\(operation)\(said.map { " (\($0))" } ?? ""): \(errno.withName)"
    }
}

extension Errno {
    /// `No such file or directory (ENOENT)`
    package var withName: String { "\(self) (\(name))" }
}

extension VerifierRefusal {
    fileprivate var words: String {
        cause == .capabilities ? "\(reason); it allows this only with \(missing.joined(separator: ", "))" : reason
    }

    fileprivate var remedy: String? {
        let licence = "Its licence must be compatible with the GPL: char LICENSE[] SEC(\"license\") = \"Dual BSD/GPL\";"
        switch cause {
        case .capabilities:
            return
                "Access by id takes CAP_PERFMON besides CAP_BPF and CAP_NET_ADMIN; on old kernels, any access does."
        case .helperLicense: return licence
        case .functionLicense:
            return licence
                + " Programs that set fields at TC call bpf_dynptr_from_skb_meta(); #define PKTMETA_STORES_AT_TC before "
                + "the header has them do without."
        case .program where missing.isEmpty: return nil
        case .program:
            return "Without \(missing.joined(separator: ", ")) the verifier refuses more, and older "
                + "kernels more than newer ones."
        }
    }
}

extension NamespaceRefusal: RefusalWords {
    var reason: String {
        switch self {
        case .namespaceNotOpened(let path, let errno): "cannot open the network namespace \(path) (\(errno.name))"
        case .noSuchNamespace(_, let path, let errno, _): "there is no network namespace at \(path) (\(errno.name))"
        case .namespaceNotEntered(let name, let errno): "cannot enter the network namespace \(name) (\(errno.name))"
        case .namespaceNotEnteredWithoutProc(let name):
            "cannot enter the network namespace \(name), and come back, without /proc, which is not mounted"
        }
    }

    var remedy: String? {
        switch self {
        case .namespaceNotOpened:
            "Entering one takes CAP_SYS_ADMIN; that of another user's process, CAP_SYS_PTRACE as well."
        case .noSuchNamespace(let name, _, _, let others):
            NearestName.question(name, among: others) + "ip netns list shows the named ones."
        case .namespaceNotEnteredWithoutProc: "mount -t proc proc /proc mounts it."
        case .namespaceNotEntered: kind == .missingPrivilege ? "Entering one takes CAP_SYS_ADMIN." : nil
        }
    }
}
