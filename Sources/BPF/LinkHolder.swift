// SPDX-License-Identifier: BSD-2-Clause

/// A link among others in an array, which takes nothing that cannot be copied.
public final class LinkHolder {
    private let link: BPFLink

    public init(_ link: consuming BPFLink) { self.link = link }
}
