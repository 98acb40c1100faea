// SPDX-License-Identifier: BSD-2-Clause

internal import Glibc

/// What uname(2) says of the running system.
public struct SystemNames: Sendable, Hashable {
    /// The kernel's, as `6.18.0-1-amd64`.
    public let release: String
    /// As `x86_64`.
    public let machine: String

    public init(release: String, machine: String) { (self.release, self.machine) = (release, machine) }

    public static var this: SystemNames {
        var names = utsname()
        unsafe uname(&names)
        func text(_ array: some BitwiseCopyable) -> String {
            // Each member is a C string in an array of its own.
            unsafe withUnsafeBytes(of: array) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
        return SystemNames(release: text(names.release), machine: text(names.machine))
    }

    /// Whether the kernel is older than a version: by the first two numbers of its release.
    public func isBefore(_ major: Int, _ minor: Int) -> Bool {
        let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        return numbers.count == 2 && (numbers[0], numbers[1]) < (major, minor)
    }

    public static var onlineCPUs: Int { sysconf(CInt(_SC_NPROCESSORS_ONLN)) }
}
