// Theme and language before the first paint, so that nothing flashes; and a
// word to browsers that cannot read the rest. Written for the oldest of them.
(function () {
  var page = document.documentElement;
  var kept = function (key) {
    try {
      return localStorage.getItem(key);
    } catch (error) {
      return error && null;
    }
  };
  var asked = function (key) {
    var match = new RegExp('[?&]' + key + '=([a-z]+)').exec(location.search);
    return match && match[1];
  };
  var theme = asked('theme') || kept('veche.theme');
  if (theme === 'light' || theme === 'dark') page.setAttribute('data-theme', theme);
  var lang = asked('lang') || kept('veche.lang');
  if (lang === 'en' || lang === 'ru') page.lang = lang;

  var tell = function () {
    var app = document.getElementById('app');
    if (!app || document.querySelector('main')) return;
    app.textContent =
      page.lang === 'ru'
        ? 'Этот браузер слишком стар для звонка. Откройте ту же ссылку в свежем Chrome, Edge, Firefox или Safari.'
        : 'This browser is too old for a call. Open the same link in a current Chrome, Edge, Firefox or Safari.';
  };
  if (!('noModule' in document.createElement('script'))) document.addEventListener('DOMContentLoaded', tell);
  window.addEventListener('error', function (event) {
    if (event.error instanceof SyntaxError || /SyntaxError/.test(event.message || '')) tell();
  });
})();
