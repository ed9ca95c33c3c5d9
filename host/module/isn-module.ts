/** Typed wrapper of the compiled module: u32 in, u32 out, over one `WebAssembly.Instance`. */
