// SPDX-License-Identifier: BSD-2-Clause

import NIOCore
import NIOPosix

/// EchoFields PORT FIELD COUNT: echoes so many datagrams, and prints a field of 4 bytes of each.
@main enum Main {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let port = Int(arguments[1]), let count = Int(arguments[3]) else {
            print("EchoFields PORT FIELD COUNT")
            return
        }
        let waiters = NIOThreadPool(numberOfThreads: 1)
        waiters.start()
        let bootstrap = DatagramBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelOption(.autoRead, value: false)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        FieldEcho(arguments[2], count: count, waiters: waiters))
                }
            }
        let any = try SocketAddress(ipAddress: "::", port: port)
        try await bootstrap.bind(to: any).get().closeFuture.get()
    }
}
