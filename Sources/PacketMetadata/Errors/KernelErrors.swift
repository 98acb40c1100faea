// SPDX-License-Identifier: BSD-2-Clause

package import BPF
package import Linux
package import RegistryModel
package import SystemPackage

extension PacketMetadataError {
    /// - Parameter needs: capabilities that the operation takes; named if this process lacks one and the kernel
    ///   answered EPERM or EACCES.
    package init(_ error: BPFError, needs: [Capability] = []) { self.init(KernelRefusal(error, needs: needs)) }

    package init(_ errno: Errno, doing operation: String, needs: [Capability] = []) {
        self.init(KernelRefusal(errno, doing: operation, needs: needs))
    }
}

extension KernelRefusal {
    package init(_ error: BPFError, needs: [Capability] = []) {
        let failure = KernelFailure(operation: error.operation, said: error.reason, errno: error.errno)
        if let log = error.verifierLog {
            self = .refusedByVerifier(VerifierRefusal(log, missing: Capability.missing(of: needs)))
            return
        }
        self.init(failure, needs: needs)
        switch self {
        case .kernelFailure where error.saysMemoryLimit && Capability.missing(of: needs).isEmpty:
            self = .memoryLimit(failure)
        // Some of what libbpf refuses with EINVAL is the object's own fault, or asks for what the kernel does not have.
        case .kernelFailure where kind == .system && !error.errno.isScarcity:
            if error.says("not found in kernel") || error.says("(strong): not resolved") {
                self = .unresolvedSymbol(failure)
            } else if error.says(": relo #") {
                self = .badRelocation(failure)
            }
        default: break
        }
    }

    package init(_ errno: Errno, doing operation: String, needs: [Capability] = []) {
        self.init(KernelFailure(operation: operation, said: nil, errno: errno), needs: needs)
    }

    private init(_ failure: KernelFailure, needs: [Capability]) {
        self = .kernelFailure(failure)
        // EACCES is about files and pins, EPERM about capabilities (capabilities(7)).
        guard failure.errno == .notPermitted else { return }
        if !needs.isEmpty, !UserNamespace.isInitial {
            self = .userNamespace(failure)
            return
        }
        // A lack of CAP_PERFMON alone is told by the verifier, and only if the program needs it.
        let missing = Capability.missing(of: needs)
        if !missing.isEmpty, missing != [.perfmon] {
            self = .missingCapabilities(missing.map(\.description), failure)
        }
    }
}

extension PacketMetadataError {
    /// The same of a program that the kernel loads with CAP_PERFMON only, whatever it does (kernel/bpf/syscall.c,
    /// `is_perfmon_prog_type()`): no verifier says so.
    var ofTracing: PacketMetadataError {
        guard case .kernelFailure(let failure) = refusal as? KernelRefusal, failure.errno == .notPermitted else {
            return self
        }
        let missing = Capability.missing(of: [.perfmon])
        if missing.isEmpty { return self }
        return PacketMetadataError(KernelRefusal.missingCapabilities(missing.map(\.description), failure))
    }
}

extension BPFError {
    fileprivate func says(_ text: String) -> Bool { messages.contains { $0.contains(text: text) } }

    /// Whether it may be RLIMIT_MEMLOCK, which libbpf raises if it may. libbpf talks of the limit on each EPERM and under each
    /// kernel, so this is for when no capability is missing.
    fileprivate var saysMemoryLimit: Bool {
        errno == .notPermitted && SystemNames.this.isBefore(5, 11)
            && (says("ulimit -l") || says("RLIMIT_MEMLOCK"))
    }
}

extension PacketMetadataError.Kind {
    /// - Parameter other: of an errno that depends on what was asked for.
    package init(_ errno: Errno, or other: PacketMetadataError.Kind = .system) {
        self =
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
}
