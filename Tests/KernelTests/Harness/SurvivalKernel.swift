// SPDX-License-Identifier: BSD-2-Clause

import Glibc

/// A kernel for which Survival.md has a column, the oldest first.
///
/// A kernel between two of them is taken for the one before it.
enum SurvivalKernel: Int, CaseIterable, Comparable, Sendable {
    case linux510, linux61, linux612, linux618
    /// 7.3, as `make test-kernels` finds it in Debian.
    case newest

    /// The first version that it stands for.
    private var version: [Int] {
        switch self {
        case .linux510: [5, 10]
        case .linux61: [6, 1]
        case .linux612: [6, 12]
        case .linux618: [6, 18]
        case .newest: [7, 3]
        }
    }

    var heading: String { version.map(String.init).joined(separator: ".") }

    /// Whether the kernel runs XDP programs on packets in fragments (`xdp.frags`, Linux 5.18).
    var takesFragments: Bool { self >= .linux61 }
    /// Whether TC programs are attached by TCX (Linux 6.6).
    var hasTCX: Bool { self >= .linux612 }

    static let running = SurvivalKernel(release: release)

    /// As `uname -r` prints it.
    static let release: String = {
        var names = utsname()
        uname(&names)
        return withUnsafeBytes(of: names.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }()

    /// - Parameter release: begins as in `6.18.44-amd64`; one before 5.10 is taken for that.
    init(release: String) {
        let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        self = Self.allCases.last { !numbers.lexicographicallyPrecedes($0.version) } ?? .linux510
    }

    static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
}
