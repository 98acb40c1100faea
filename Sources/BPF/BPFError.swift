// SPDX-License-Identifier: BSD-2-Clause

internal import CBPFShims
internal import Linux
public import SystemPackage

/// What the kernel or libbpf refused, with all they said about it.
public struct BPFError: Error, Sendable {
    /// What was asked, as in "load program producer".
    public let operation: String
    public let errno: Errno
    /// libbpf's own words, a message a line; may be empty.
    public let messages: [String]
    /// nil unless a program was refused.
    public internal(set) var verifierLog: VerifierLog?

    public init(_ operation: String, _ errno: Errno, messages: [String] = [], verifierLog: VerifierLog? = nil) {
        self.operation = operation
        self.errno = errno
        self.messages = messages
        self.verifierLog = verifierLog
    }

    /// The last of libbpf's messages that gives a reason; those behind it say only what failed for it.
    public var reason: String? {
        let said = messages.filter { message in !Self.guesses.contains { message.contains(text: $0) } }
        if let reason = said.last(where: { message in !Self.consequences.contains { message.contains(text: $0) } }) {
            return reason
        }
        return said.count == messages.count ? said.last : nil
    }

    /// What libbpf says on any EPERM, of a limit that kernels have not had for BPF since 5.11.
    private static let guesses = ["RLIMIT_MEMLOCK", "ulimit -l"]

    private static let consequences = [
        "failed to load object '", "': failed to load: -", "failed to perform CO-RE relocations: -",
        "': failed to relocate ", "Retrying without BTF",
    ]

    /// The program that the kernel refused to load, which libbpf names in a message; nil if it was something else.
    var refusedProgram: String? {
        guard let message = messages.last(where: { $0.contains(text: "': BPF program load failed: ") }) else {
            return nil
        }
        return message.split(separator: "'", maxSplits: 2).dropFirst().first.map(String.init)
    }
}

/// The one place where a result of libbpf becomes a Swift value or error.
///
/// - Parameter call: returns 0 or more, or a negative errno (libbpf 1.0 and later: `libbpf_get_error` conventions).
@discardableResult
func libbpf(_ operation: @autoclosure () -> String, _ call: () -> CInt) throws(BPFError) -> CInt {
    libbpf_messages_begin()
    let result = call()
    guard result >= 0 else { throw BPFError(operation(), Errno(rawValue: -result), messages: libbpfMessages()) }
    return result
}

/// The same for calls that return a pointer, or nil with errno set.
func libbpf(
    _ operation: @autoclosure () -> String, _ call: () -> OpaquePointer?
) throws(BPFError) -> OpaquePointer {
    libbpf_messages_begin()
    guard let result = unsafe call() else {
        throw BPFError(operation(), Errno.last, messages: libbpfMessages())
    }
    return unsafe result
}

private func libbpfMessages() -> [String] {
    // The shim's text is a C string of this thread, good until its next call.
    unsafe String(cString: libbpf_messages_text())
        .split(separator: "\n")
        .map { $0.hasPrefix("libbpf: ") ? String($0.dropFirst("libbpf: ".count)) : String($0) }
}
