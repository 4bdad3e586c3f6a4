// Theme and language before the first paint, so that nothing flashes.
(function () {
  var kept = function (key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  };
  var query = new URLSearchParams(location.search);
  var theme = query.get('theme') || kept('veche.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  var lang = query.get('lang') || kept('veche.lang');
  if (lang === 'en' || lang === 'ru') document.documentElement.lang = lang;
  document.documentElement.classList.add('js');
})();
