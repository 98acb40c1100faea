// SPDX-License-Identifier: BSD-2-Clause

/// How a change waits for other processes that change the same registry.
public struct LockWait: Sendable {
    /// 0: not at all.
    public let timeout: Duration
    /// Told once whom it waits for, if that takes more than a second.
    public let notice: @Sendable (String) -> Void

    public init(upTo timeout: Duration = .seconds(10), notice: @escaping @Sendable (String) -> Void = { _ in }) {
        self.timeout = timeout
        self.notice = notice
    }

    /// What takes no longer needs no notice.
    static let patience = Duration.seconds(1)
}
