/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The whole of libsennit. TLS and HTTP have headers and libraries of their own. */
#ifndef SENNIT_SENNIT_H
#define SENNIT_SENNIT_H

#include <sennit/base.h>
#include <sennit/chan.h>
#include <sennit/child.h>
#include <sennit/file.h>
#include <sennit/go.h>
#include <sennit/group.h>
#include <sennit/local.h>
#include <sennit/net.h>
#include <sennit/offload.h>
#include <sennit/pool.h>
#include <sennit/ring.h>
#include <sennit/serial.h>
#include <sennit/signal.h>
#include <sennit/sync.h>
#include <sennit/time.h>
#include <sennit/unix.h>
#include <sennit/value.h>

#endif
