// SPDX-License-Identifier: BSD-2-Clause

import Glibc
import NIOCore
import NIOPosix
import PacketMetadataSockets

/// Echoes datagrams, and prints a field of each.
///
/// An answer is about the datagram that the next read returns, and SwiftNIO says nothing between a socket's being readable and
/// the read. So the channel reads nothing by itself, and one datagram at a time: the handler asks, and then has that read.
/// While nothing waits, a thread beside the event loop does.
final class FieldEcho: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    private let name: String
    private var left: Int
    private let waiters: NIOThreadPool
    private var descriptor: CInt = -1
    private var field: SocketField<UInt32>?
    /// About the datagram that is read next.
    private var answer = ""

    init(_ name: String, count: Int, waiters: NIOThreadPool) {
        (self.name, left, self.waiters) = (name, count, waiters)
    }

    func channelActive(context: ChannelHandlerContext) {
        do {
            let operations = context.pipeline.syncOperations
            descriptor = try operations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { $0 } ?? -1
            field = try SocketField<UInt32>(name, on: descriptor)
            say("ready")
            ask(context)
        } catch {
            context.fireErrorCaught(error)
        }
    }

    private func ask(_ context: ChannelHandlerContext) {
        guard let field else { return }
        do throws(SocketFieldError) {
            answer = "\(name)=\(try field.next(on: descriptor))"
        } catch where error.code == .nothingThere {
            return wait(context)
        } catch {
            answer = "\(name): \(error)"
        }
        context.read()
    }

    private func wait(_ context: ChannelHandlerContext) {
        let (descriptor, loop) = (descriptor, context.eventLoop)
        let later = NIOLoopBound((handler: self, context: context), eventLoop: loop)
        waiters.runIfActive(eventLoop: loop) {
            var asked = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            poll(&asked, 1, -1)
        }.whenSuccess { later.value.handler.ask(later.value.context) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        say(answer)
        context.writeAndFlush(data, promise: nil)
        left -= 1
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if left == 0 { context.close(promise: nil) } else { ask(context) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        say("\(error)")
        context.close(promise: nil)
    }

    private func say(_ text: String) {
        print(text)
        fflush(nil)
    }
}
