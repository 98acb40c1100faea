// SPDX-License-Identifier: BSD-2-Clause

internal import Clibbpf
internal import Glibc
internal import Linux
internal import Synchronization
internal import SystemPackage

/// CPUs that this kernel may ever bring up: as many values as a per-CPU map has.
///
/// - Throws: `outOfRange` (ERANGE) if /sys/devices/system/cpu/possible is not there, or no such file: what it says of that
///   file would be taken for what is wrong with the map whose values are to be counted.
public func possibleCPUs() throws(BPFError) -> Int {
    do throws(BPFError) {
        return Int(try libbpf("count possible CPUs") { libbpf_num_possible_cpus() })
    } catch {
        let reason = error.reason ?? error.errno.name
        throw BPFError(
            "count possible CPUs", .outOfRange,
            messages: ["/sys/devices/system/cpu/possible tells no number of them: \(reason)"])
    }
}

/// Whether the number is right. It comes from a file, /sys/devices/system/cpu/possible, in whose place containers may see
/// another; and the kernel, asked for an element of a per-CPU map, writes a value for each CPU that it has, wherever
/// the caller's memory ends.
enum PossibleCPUs {
    /// Of this process: the number does not change while the kernel runs.
    private static let isChecked = Atomic(false)

    /// Has the kernel write an element to memory that ends where it should, which the kernel minds.
    ///
    /// - Parameters:
    ///   - map: a per-CPU array.
    ///   - valueStride: bytes from one CPU's value to the next.
    /// - Throws: `outOfRange` (ERANGE) if there are more CPUs than the file says.
    static func check(_ map: CInt, valueStride: Int) throws(BPFError) {
        if isChecked.load(ordering: .relaxed) { return }
        let count = try possibleCPUs()
        let size = count * valueStride
        let pages = (size + MemoryPage.size - 1) / MemoryPage.size * MemoryPage.size
        let length = pages + MemoryPage.size
        let operation = "count the values of a per-CPU map"
        let place = unsafe mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let start = unsafe place, unsafe start != MAP_FAILED else { throw BPFError(operation, Errno.last) }
        defer { unsafe munmap(start, length) }
        // The last page, which nobody may write to.
        guard unsafe mprotect(start + pages, MemoryPage.size, PROT_NONE) == 0 else {
            throw BPFError(operation, Errno.last)
        }
        var key: UInt32 = 0
        do throws(BPFError) {
            // The kernel writes to the bytes before that page, and fails where they end (EFAULT).
            try libbpf(operation) { unsafe bpf_map_lookup_elem(map, &key, start + pages - size) }
        } catch {
            // Others' maps may not be read; the next map tells.
            guard error.errno == .badAddress else { return }
            throw BPFError(
                "\(operation): the kernel has more CPUs than \(count), as /sys/devices/system/cpu/possible says",
                .outOfRange)
        }
        isChecked.store(true, ordering: .relaxed)
    }
}
