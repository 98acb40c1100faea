// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import RegistryModel

/// How long one wait is: as long as a signal may go unnoticed that comes just before it.
private let longestWait = Duration.milliseconds(200)

/// Reads from a stream again and again, until it is done, the time is over or a signal comes.
///
/// - Parameters:
///   - duration: nil for any time.
///   - read: is told how long to wait.
/// - Returns: what has ended it before, if something failed: what was seen till then is shown all the same.
func readUntilEnd(
    of duration: Duration?, isDone: () -> Bool, read: (Duration) throws(PacketMetadataError) -> Void
) -> PacketMetadataError? {
    let end = duration.map { ContinuousClock.now + $0 }
    while Interruption.signal == nil, !isDone() {
        let left = end.map { $0 - .now } ?? longestWait
        if left <= .zero { break }
        do throws(PacketMetadataError) {
            try read(min(left, longestWait))
        } catch {
            return error
        }
    }
    return nil
}
