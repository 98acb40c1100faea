// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Compiled for the host, so that the assertions of the ABI hold for what Swift imports, too. */
#include <pktmeta/abi.h>
#include <pktmeta/events.h>
#include <pktmeta/loader.h>
#include <pktmeta/trace.h>
#include <pktmeta/watch.h>
