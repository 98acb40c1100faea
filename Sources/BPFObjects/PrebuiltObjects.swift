// SPDX-License-Identifier: BSD-2-Clause

extension CarriedObject {
    /// All of bpf/programs.
    package static let prebuilt = [producer, producer_hw, consumer, scrub, watcher, tracer, steer, sockets, probe]
}
