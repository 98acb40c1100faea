// SPDX-License-Identifier: BSD-2-Clause

internal import PktmetaABI

/// What users know an attached program by.
public struct ProgramIdentity: Hashable, Sendable, CustomStringConvertible {
    /// Of all prebuilt ones that come and go by themselves: another build of one is still the same.
    static let prebuilt = "prebuilt"

    /// As the user named it, at most its last 127 bytes.
    public let object: String
    /// Its name in the object.
    public let program: String

    /// Bytes: as much as an attachment's record holds.
    static let maximumProgramLength = MemoryLayout.size(ofValue: pktmeta_attachment().program) - 1

    /// The object's name without its folders.
    package var file: String { object.split(separator: "/").last.map(String.init) ?? object }

    /// Whether a user's word means it: the program's name, the object's, with or without its folders, or both with a
    /// colon.
    func isMeant(by word: String) -> Bool {
        [program, object, file, "\(object):\(program)", "\(file):\(program)"].contains(word)
    }

    /// Byte by byte, as the kernel compares: two files may have names that Unicode takes for one (UAX #15).
    public static func == (one: Self, other: Self) -> Bool {
        one.object.utf8.elementsEqual(other.object.utf8) && one.program.utf8.elementsEqual(other.program.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        for byte in object.utf8 { hasher.combine(byte) }
        for byte in program.utf8 { hasher.combine(byte) }
    }

    public var description: String { object == Self.prebuilt ? program : "\(object):\(program)" }
}
