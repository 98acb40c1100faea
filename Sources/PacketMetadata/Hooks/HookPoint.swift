// SPDX-License-Identifier: BSD-2-Clause

/// A hook of an interface in a network namespace: an ifindex repeats across namespaces.
struct HookPoint: Hashable, Sendable {
    let netnsCookie: UInt64
    let ifindex: UInt32
    let hook: Hook
}
