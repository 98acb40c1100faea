// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims
internal import Glibc
public import SystemPackage

/// An interface of the network namespace that this thread is in.
public struct NetworkInterface: Sendable, Hashable {
    /// The one that the kernel calls it by first. Bytes that are no UTF-8 are spelled (``SpelledBytes``).
    public let name: String
    public let index: UInt32
    /// As the kernel has it, with the NUL behind it.
    let kernelName: [CChar]

    /// - Parameter name: the interface's name or one of its alternative names, which have up to 127 bytes; as the kernel
    ///   has it, or spelled.
    /// - Throws: `operationNotSupportedByDevice` (ENODEV) if there is none.
    public init(named name: String) throws(Errno) {
        let (exact, meant) = (Array(name.utf8), SpelledBytes.bytes(name))
        do throws(Errno) {
            try self.init(kernelName: exact)
        } catch {
            guard error == .operationNotSupportedByDevice, meant != exact else { throw error }
            try self.init(kernelName: meant)
        }
    }

    /// - Throws: `operationNotSupportedByDevice` (ENODEV) if there is none.
    public init(index: UInt32) throws(Errno) {
        try self.init(LinkMessage(index: index))
    }

    /// Whether an interface may have that name, or that alternative one; of a pattern, whether it may match one.
    ///
    /// The kernel refuses white space, `/` and `:` in names (`dev_valid_name` in net/core/dev.c), and ip(8) the first two in alternative
    /// ones.
    public static func canBeNamed(_ text: String) -> Bool {
        guard FolderEntry.isName(text), !text.utf8.contains(where: { " \t\n\u{b}\u{c}\r".utf8.contains($0) }) else {
            return false
        }
        return NamePattern.isPattern(text) || SpelledBytes.bytes(text).count < LinkMessage.alternativeNameSize
    }

    /// Those of the namespace, by index.
    public static func all() throws(Errno) -> [NetworkInterface] {
        var interfaces: [NetworkInterface] = []
        for message in try LinkMessage.all() { interfaces.append(try NetworkInterface(message)) }
        return interfaces.sorted { $0.index < $1.index }
    }

    private init(kernelName name: [UInt8]) throws(Errno) {
        guard !name.isEmpty, name.count < LinkMessage.alternativeNameSize else {
            throw .operationNotSupportedByDevice
        }
        try self.init(LinkMessage(name: name))
    }

    init(_ message: LinkMessage) throws(Errno) {
        guard let name = message.name else { throw .ioError }
        self.name = SpelledBytes.text(name)
        index = message.index
        kernelName = name.map { CChar(bitPattern: $0) } + [0]
    }

    /// Waits until packets can be sent (``State/isRunning``); one that is sent before is dropped without a word.
    public func waitUntilRunning(timeout: Duration) throws(Errno) {
        let deadline = ContinuousClock.now + timeout
        while try !state().isRunning {
            guard ContinuousClock.now < deadline else { throw .timedOut }
            usleep(2000)
        }
    }
}
