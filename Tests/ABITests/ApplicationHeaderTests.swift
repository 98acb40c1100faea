// SPDX-License-Identifier: BSD-2-Clause

import Linux
import SystemPackage
import TestSupport
import Testing

/// Headers for applications are for any compiler of C11 and C++, with no warning.
@Suite struct ApplicationHeaderTests {
    static let compilers = [
        ["gcc", "-std=c11"], ["gcc", "-std=gnu17"], ["clang-14", "-std=c11"], ["clang-22", "-std=c11"],
        ["g++", "-x", "c++", "-std=c++11"], ["g++", "-x", "c++", "-std=c++20"],
    ]

    private static let sockets = """
        #include <pktmeta/socket.h>
        int get_field(int fd, const char *name, const struct timespec *time);
        int get_field(int fd, const char *name, const struct timespec *time)
        {
            int id = pktmeta_field_id(fd, name), errors[8];
            __u32 value = 0, values[8];
            size_t bytes;
            if (pktmeta_next(fd, id, &value, sizeof(value)))
                return pktmeta_socket_error(-1)[0];
            if (pktmeta_receive_at(fd) || pktmeta_receive_bytes(fd) || pktmeta_receive_mark(fd, id))
                return -1;
            if (pktmeta_at(fd, id, time, &value, sizeof(value)))
                return -1;
            if (pktmeta_next_bytes(fd, id, &value, sizeof(value), &bytes))
                return -1;
            return pktmeta_next_batch(fd, id, values, sizeof(values[0]), errors, 8);
        }

        """

    private static let xsk = """
        #include <pktmeta/xsk.h>
        int get_field(const char *registry, const char *name, void *data);
        int get_field(const char *registry, const char *name, void *data)
        {
            struct pktmeta_xsk x;
            __u32 value = 0, id;
            if (pktmeta_xsk_open(&x, registry))
                return 0;
            id = pktmeta_xsk_id(&x, name);
            if (pktmeta_xsk_is_set(&x, data, id) == 1)
                pktmeta_xsk_get(&x, data, id, &value, sizeof(value));
            pktmeta_xsk_clear(&x, data);
            pktmeta_xsk_close(&x);
            return (int)value;
        }

        """

    @Test(arguments: compilers, [xsk, sockets])
    func anyCompilerTakesIt(compiler: [String], source: String) throws {
        let folder = try ScratchFolder()
        let file = try folder.write([UInt8](source.utf8), as: "application.c")
        let outcome = try ChildProcess.run(
            compiler + [
                "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", Fixture.bpf.appending("include").string, "-c",
                file.string, "-o", folder.path.appending("application.o").string,
            ])
        #expect(outcome.status == 0, "\(outcome.output)")
    }
}
