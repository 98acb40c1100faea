// SPDX-License-Identifier: BSD-2-Clause

/// Where a program is to run among those of its hook.
public enum Placement: Sendable, Hashable {
    case first, last
    /// By the neighbour's name or number.
    case before(String)
    case after(String)
}
