/* WebAssembly entry points. */
#include "engine.h"

extern char __heap_base;

__attribute__((export_name("heap_base"))) uint32_t heap_base(void) { return (uint32_t)&__heap_base; }

__attribute__((export_name("workspace_bytes"))) uint32_t workspace_bytes(void) { return WORKSPACE_FLOATS * 4; }

__attribute__((export_name("run"))) void run(uint32_t words, int32_t count, uint32_t workspace) {
  env_t e = {0, (float *)workspace};
  engine_run(&e, (const word *)words, count);
}
