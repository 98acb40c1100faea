// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
public import RegistryModel
public import SystemPackage

/// What the kernel or libbpf refused.
public enum KernelRefusal: Refusal {
    /// Its errno says all that there is to say.
    case kernelFailure(KernelFailure)
    /// This process lacks these capabilities, by their names in capabilities(7).
    case missingCapabilities([String], KernelFailure)
    /// This process's capabilities are those of a user namespace, and bpf(2) asks for the initial one's.
    case userNamespace(KernelFailure)
    /// Kernels before 5.11 count maps and programs against RLIMIT_MEMLOCK.
    case memoryLimit(KernelFailure)
    /// An object asks for a symbol that the kernel does not have.
    case unresolvedSymbol(KernelFailure)
    /// An object has a relocation that libbpf cannot do.
    case badRelocation(KernelFailure)
    case refusedByVerifier(VerifierRefusal)

    public var kind: PacketMetadataError.Kind {
        switch self {
        case .kernelFailure(let failure): .init(failure.errno)
        case .missingCapabilities, .userNamespace, .memoryLimit: .missingPrivilege
        case .unresolvedSymbol: .unsupported
        case .badRelocation: .badData
        case .refusedByVerifier(let refusal): refusal.cause == .capabilities ? .missingPrivilege : .badData
        }
    }
}

/// An operation that failed.
public struct KernelFailure: Sendable, Hashable {
    /// As in "load program producer".
    public let operation: String
    /// libbpf's own words; nil if it has none.
    public let said: String?
    public let errno: Errno
}

/// What the verifier said of a program that it refused.
public struct VerifierRefusal: Sendable, Hashable {
    public enum Cause: Sendable, Hashable {
        /// What the program does takes capabilities that this process lacks.
        case capabilities
        /// The program calls a helper that only programs under the GPL may call.
        case helperLicense
        /// The same of a function of the kernel.
        case functionLicense
        case program
    }

    public let cause: Cause
    /// The verifier's reason, with the program and the place in its source.
    public let reason: String
    /// The whole log.
    public let log: String
    /// Capabilities that this process lacks: without them the verifier refuses more.
    public let missing: [String]

    /// What it says of arithmetic, and of kernel memory that is read by its type.
    private static let lacks = ["prohibited", "allowed only to CAP_PERFMON"]

    init(_ log: VerifierLog, missing: [Capability]) {
        reason = log.description
        self.log = log.text
        self.missing = missing.map(\.description)
        cause =
            switch log.needsLicense {
            case _ where Self.lacks.contains { log.summary.contains(text: $0) } && !missing.isEmpty: .capabilities
            case .helper: .helperLicense
            case .kernelFunction: .functionLicense
            case nil: .program
            }
    }
}
