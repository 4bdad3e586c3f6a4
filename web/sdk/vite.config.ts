import { defineConfig } from 'vitest/config';

export default defineConfig({
  build: {
    target: 'es2022',
    sourcemap: true,
    emptyOutDir: true,
    lib: {
      entry: 'src/index.ts',
      name: 'Veche',
      formats: ['es', 'iife'],
      fileName: (format) => (format === 'es' ? 'veche-sdk.js' : 'veche-sdk.global.js'),
    },
  },
  // Virtual time needs little real time; a busy machine may need more than the default.
  test: { include: ['test/**/*.test.ts'], testTimeout: 60_000 },
});
