// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import SystemPackage

/// Names of the types that an object's CO-RE relocations begin at, which libbpf keeps to itself.
///
/// - Parameter bytes: an ELF object.
public func relocatedTypes(inObject bytes: Span<UInt8>) throws(BPFError) -> Set<String> {
    do throws(ObjectFault) {
        return try ObjectImage.read(bytes) { $0.relocatedTypes }
    } catch {
        throw BPFError("read the object's types", fault: error)
    }
}

extension BPFError {
    /// An object that is damaged.
    init(_ operation: String, fault: ObjectFault) {
        self.init(operation, .invalidArgument, messages: [fault.text])
    }
}

extension MemoryFile {
    /// - Parameter operation: what the file is needed for.
    package init(_ bytes: Span<UInt8>, for operation: String) throws(BPFError) {
        do throws(Errno) {
            self = try MemoryFile(bytes)
        } catch {
            let isWithoutProc = error == .noFunction
            throw BPFError(
                operation, error, messages: isWithoutProc ? ["it goes by way of /proc, which is not mounted"] : [])
        }
    }
}
