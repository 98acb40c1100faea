// SPDX-License-Identifier: BSD-2-Clause

internal import Linux

/// What the verifier said about a program that it refused.
public struct VerifierLog: Sendable, Hashable, CustomStringConvertible {
    public let text: String
    /// The refused program's name in its object.
    public let program: String
    /// Where in the source the verifier stopped, as in `tagger.bpf.c:12`; nil if the log says nothing of it.
    public let place: String?

    /// - Parameter findLine: where in the object's source a line is that reads so; for kernels before 6.10, whose log
    ///   has the lines only.
    init(text: String, program: String, findLine: (String) -> String?) {
        self.text = text
        self.program = program
        let lines = text.split(separator: "\n")
        place = lines.last { $0.hasPrefix(Self.sourceMark) }.flatMap { line in
            let source = line.dropFirst(Self.sourceMark.count)
            return Self.writtenPlace(source) ?? findLine(String(source))
        }
    }

    private init(_ text: String, _ program: String, _ place: String?) {
        self.text = text
        self.program = program
        self.place = place
    }

    /// The same without some numbers of the program's, which the verifier writes in hexadecimal or decimal digits.
    func hiding(_ isSecret: (UInt64) -> Bool) -> VerifierLog {
        VerifierLog(text.hidingNumbers(isSecret), program, place)
    }

    /// The line that gives the reason: the last one before the statistics.
    public var summary: String {
        text.split(separator: "\n").last { !Self.isStatistics($0) }.map(String.init) ?? "the verifier said nothing"
    }

    public var description: String {
        "the verifier refused program \(program)\(place.map { " at \($0)" } ?? ""): \(summary)"
    }

    /// What the program may not call since its licence is not compatible with the GPL.
    public enum Licensed: Sendable { case helper, kernelFunction }

    /// nil if the licence is not what it is about.
    public var needsLicense: Licensed? {
        guard summary.contains(text: "from non-GPL compatible program") else { return nil }
        return summary.contains(text: "kernel function") ? .kernelFunction : .helper
    }

    private static let sourceMark = "; "

    /// The end of `; return x; @ tagger.bpf.c:12`.
    private static func writtenPlace(_ source: Substring) -> String? {
        guard let space = source.lastIndex(of: " ") else { return nil }
        let (place, mark) = (source[source.index(after: space)...], source[..<space])
        guard mark.hasSuffix(" @"), let colon = place.lastIndex(of: ":"),
            Int(place[place.index(after: colon)...]) != nil
        else { return nil }
        return String(place)
    }

    private static func isStatistics(_ line: some StringProtocol) -> Bool {
        ["processed ", "verification time", "stack depth", "peak_states"].contains { line.hasPrefix($0) }
    }

    /// The kernel writes about an object's BTF into the same buffer, if it refuses that; libbpf goes on without it.
    static func isAboutProgram(_ text: String) -> Bool { !text.isEmpty && !text.hasPrefix("magic: ") }
}
