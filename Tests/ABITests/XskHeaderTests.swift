// SPDX-License-Identifier: BSD-2-Clause

import Linux
import SystemPackage
import TestSupport
import Testing

/// `<pktmeta/xsk.h>` is for any compiler of C11 and C++, with no warning.
@Suite struct XskHeaderTests {
    private static let source = """
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

    @Test(arguments: [
        ["gcc", "-std=c11"], ["gcc", "-std=gnu17"], ["clang-14", "-std=c11"], ["clang-22", "-std=c11"],
        ["g++", "-x", "c++", "-std=c++11"], ["g++", "-x", "c++", "-std=c++20"],
    ])
    func anyCompilerTakesIt(compiler: [String]) throws {
        let folder = try ScratchFolder()
        let file = try folder.write([UInt8](Self.source.utf8), as: "application.c")
        let outcome = try ChildProcess.run(
            compiler + [
                "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", Fixture.bpf.appending("include").string, "-c",
                file.string, "-o", folder.path.appending("application.o").string,
            ])
        #expect(outcome.status == 0, "\(outcome.output)")
    }
}
