// SPDX-License-Identifier: BSD-2-Clause

package import BPF
package import Linux
package import RegistryModel
package import SystemPackage

extension PacketMetadataError {
    /// What the kernel refused, in the words of the domain.
    ///
    /// - Parameter needs: capabilities that the operation takes; named if this process lacks one and the kernel
    ///   answered EPERM or EACCES.
    package init(_ error: BPFError, _ summary: String, needs: [Capability] = [], remedy: String? = nil) {
        let said = error.reason.map { " (\($0))" } ?? ""
        self.init(
            error.errno, summary, doing: error.operation + said, needs: needs,
            remedy: remedy ?? Self.memoryLimitRemedy(error, needs))
        if kind == .system, !error.errno.isScarcity { addFaultOfObject(error.messages) }
        if let log = error.verifierLog { addVerifierLog(log, needs: needs) }
    }

    /// Some of what libbpf refuses with EINVAL is the object's own fault, or asks for what the kernel does not have.
    private mutating func addFaultOfObject(_ messages: [String]) {
        func says(_ text: String) -> Bool { messages.contains { $0.contains(text) } }
        if says("not found in kernel") || says("(strong): not resolved") {
            kind = .unsupported
            remedy = "A program that can do without it declares it __weak, and asks whether it is there."
        } else if says(": relo #") {
            kind = .badData
        }
    }

    package init(
        _ errno: Errno, _ summary: String, doing operation: String, needs: [Capability] = [], remedy: String? = nil
    ) {
        let reason = "\(operation): \(errno) (\(errno.name))"
        guard errno == .notPermitted || errno == .permissionDenied else {
            self.init(Self.kind(of: errno), summary, reason: reason, remedy: remedy)
            return
        }
        // EACCES is about files and pins, EPERM about capabilities (capabilities(7)). A lack of CAP_PERFMON alone is
        // told by the verifier, and only if the program needs it.
        if errno == .notPermitted, !needs.isEmpty, !UserNamespace.isInitial {
            self.init(
                .missingPrivilege, summary, reason: "\(reason); \(Self.userNamespaceReason)",
                remedy: Self.userNamespaceRemedy)
            return
        }
        var missing = errno == .notPermitted ? Capability.missing(of: needs) : []
        if missing == [.perfmon] { missing = [] }
        let names = missing.map { $0 == .perfmon ? "\($0) (which access by id takes)" : $0.description }
        self.init(
            .missingPrivilege, summary,
            reason: missing.isEmpty ? reason : "\(reason); this process lacks \(names.joined(separator: ", "))",
            remedy: missing.isEmpty
                ? remedy
                : (["Run it as root, or with these capabilities."] + [remedy].compactMap(\.self)).joined(separator: " ")
        )
    }

    static let userNamespaceReason =
        "this process's capabilities are those of a user namespace, and bpf(2) asks for the initial one's"
    static let userNamespaceRemedy =
        "What is missing is the initial user namespace, as outside of a container, or a BPF token (Linux 6.9), which "
        + "pktmeta does not use."

    /// Kernels before 5.11 count maps and programs against RLIMIT_MEMLOCK, which libbpf raises if it may. It talks of the
    /// limit on each EPERM, so this is for when no capability is missing.
    private static func memoryLimitRemedy(_ error: BPFError, _ needs: [Capability]) -> String? {
        guard error.errno == .notPermitted, Capability.missing(of: needs).isEmpty,
            error.messages.contains(where: { $0.contains("ulimit -l") || $0.contains("RLIMIT_MEMLOCK") })
        else { return nil }
        return "Kernels before 5.11 limit the memory of BPF: ulimit -l unlimited, or CAP_SYS_RESOURCE, lifts that."
    }

    /// - Parameter other: the kind of an errno that depends on what was asked for.
    static func kind(of errno: Errno, or other: Kind = .system) -> Kind {
        switch errno {
        case .notPermitted, .permissionDenied: .missingPrivilege
        case .fileTooLarge, .noSpace, .diskQuotaExceeded: .taken
        case .fileNameTooLong: .badData
        case _ where errno.isScarcity: .system
        case _ where other != .system: other
        case .operationNotSupportedByDevice, .noSuchFileOrDirectory: .notFound
        case .notSupported, .noFunction, Errno(rawValue: 524): .unsupported  // ENOTSUPP, the kernel's own
        case .resourceBusy, .fileExists: .taken
        default: other
        }
    }

    private mutating func addVerifierLog(_ log: VerifierLog, needs: [Capability]) {
        details = log.text
        let missing = Capability.missing(of: needs)
        reason = log.description
        if log.summary.contains("prohibited"), !missing.isEmpty {
            kind = .missingPrivilege
            reason += "; it allows this only with \(missing.map(\.description).joined(separator: ", "))"
            remedy =
                "Access by id takes CAP_PERFMON besides CAP_BPF and CAP_NET_ADMIN; on old kernels, any access does."
        } else if let licensed = log.needsLicense {
            kind = .badData
            remedy = "Its licence must be compatible with the GPL: char LICENSE[] SEC(\"license\") = \"Dual BSD/GPL\";"
            if licensed == .kernelFunction {
                remedy? +=
                    " Programs that set fields at TC call bpf_dynptr_from_skb_meta(); #define PKTMETA_STORES_AT_TC before "
                    + "the header has them do without."
            }
        } else {
            kind = .badData
            remedy =
                missing.isEmpty
                ? nil
                : "Without \(missing.map(\.description).joined(separator: ", ")) the verifier refuses more, and older "
                    + "kernels more than newer ones."
        }
    }
}
