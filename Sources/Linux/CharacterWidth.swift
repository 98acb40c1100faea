// SPDX-License-Identifier: BSD-2-Clause

internal import CLinuxShims

/// How many columns of a terminal characters take (wcwidth(3)).
public enum CharacterWidth {
    /// 0 for what combines with the character before it, 2 for wide ones.
    public static func columns(_ character: Character) -> Int {
        if character.isASCII { return 1 }
        // A sequence (a letter and its accents, a flag, a family) is drawn in the place of its widest member.
        let scalars = character.unicodeScalars
        let isEmojiSequence =
            scalars.count > 1 && scalars.contains { $0.properties.isEmojiPresentation || $0 == "\u{fe0f}" }
        return isEmojiSequence ? 2 : scalars.map(columns).max() ?? 0
    }

    private static func columns(_ scalar: Unicode.Scalar) -> Int {
        max(0, Int(linux_character_width(scalar.value)))
    }
}
