/* SPDX-License-Identifier: BSD-2-Clause */
#include <yaml.h>
