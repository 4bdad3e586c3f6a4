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
  test: { include: ['test/**/*.test.ts'] },
});
