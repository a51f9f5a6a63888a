/* Node-API entry points of the native build. The memory is an ArrayBuffer that the caller owns. */
#include <node_api.h>

#include "engine.h"

static napi_value number(napi_env env, uint32_t value) {
  napi_value result;
  napi_create_uint32(env, value, &result);
  return result;
}

static napi_value workspace_bytes(napi_env env, napi_callback_info info) {
  (void)info;
  return number(env, WORKSPACE_FLOATS * 4);
}

static napi_value vector_width(napi_env env, napi_callback_info info) {
  (void)info;
  return number(env, VW);
}

/* run(memory, words, count, workspace): offsets in bytes; out-of-range calls are refused. */
static napi_value run(napi_env env, napi_callback_info info) {
  size_t argc = 4, bytes = 0;
  napi_value args[4];
  void *memory = 0;
  uint32_t words = 0, workspace = 0;
  int32_t count = 0;
  napi_get_cb_info(env, info, &argc, args, 0, 0);
  if (argc != 4 || napi_get_arraybuffer_info(env, args[0], &memory, &bytes) != napi_ok ||
      napi_get_value_uint32(env, args[1], &words) != napi_ok || napi_get_value_int32(env, args[2], &count) != napi_ok ||
      napi_get_value_uint32(env, args[3], &workspace) != napi_ok || count < 0 || (size_t)words + 4u * (size_t)count > bytes ||
      (size_t)workspace + WORKSPACE_FLOATS * 4 > bytes) {
    napi_throw_range_error(env, 0, "run(memory, words, count, workspace): out of range");
    return 0;
  }
  env_t e = {memory, (float *)((char *)memory + workspace)};
  engine_run(&e, (const word *)((char *)memory + words), count);
  return 0;
}

NAPI_MODULE_INIT() {
  static const struct {
    const char *name;
    napi_callback call;
  } functions[] = {{"run", run}, {"workspaceBytes", workspace_bytes}, {"vectorWidth", vector_width}};
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_value f;
    napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].call, 0, &f);
    napi_set_named_property(env, exports, functions[i].name, f);
  }
  return exports;
}
