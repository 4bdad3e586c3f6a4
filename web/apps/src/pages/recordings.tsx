import { render } from 'preact';
import '../styles/recordings';
import '../model/theme';
import { HttpArchive } from '../model/archive/http';
import { Library } from '../model/archive/library';
import { addressOf, routeOf } from '../model/archive/route';
import { Recordings } from '../ui/archive/Recordings';

const root = document.getElementById('app');
if (root) {
  const library = new Library(new HttpArchive(routeOf(location).pass), {
    read: () => routeOf(location),
    write: (route, replace) => history[replace ? 'replaceState' : 'pushState'](null, '', addressOf(route)),
    visible: () => document.visibilityState === 'visible',
    onVisible: (again) => {
      document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && again());
      addEventListener('online', again);
    },
  });
  history.scrollRestoration = 'manual';
  addEventListener('popstate', () => library.arrive(routeOf(location)));
  root.textContent = '';
  render(<Recordings library={library} />, root);
  void library.start();
}
