import { defineConfig } from 'vite';

/** The pages the server hands out; gallery.html is a workshop page and stays out. */
const pages = ['index', 'conference', 'video-chat', 'video-chat-and-screen-sharing', 'recordings'];

export default defineConfig({
  appType: 'mpa',
  resolve: { conditions: ['@veche/source', 'module', 'browser', 'development|production'] },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    // The content security policy allows 'self' alone, so nothing may be a data: URL.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: Object.fromEntries(pages.map((page) => [page, `${page}.html`])) },
  },
  server: { port: 5173, proxy: {} },
});
