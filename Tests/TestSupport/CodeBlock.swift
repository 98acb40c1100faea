// SPDX-License-Identifier: BSD-2-Clause

/// Code in a Markdown text, between two lines of three backticks.
public struct CodeBlock: Sendable {
    public let language: String
    public let code: String
    /// The last file name in backticks before it.
    public let file: String?

    public static func all(in text: String) -> [CodeBlock] {
        var blocks: [CodeBlock] = []
        var open: (language: String, lines: [Substring])?
        var file: String?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") {
                if let block = open {
                    blocks.append(
                        CodeBlock(
                            language: block.language, code: block.lines.joined(separator: "\n") + "\n", file: file))
                    open = nil
                } else {
                    open = (String(line.dropFirst(3)), [])
                }
            } else if open != nil {
                open?.lines.append(line)
            } else if let name = line.matches(of: /`(\w+\.bpf\.c)`/).last {
                file = String(name.1)
            }
        }
        return blocks
    }
}
