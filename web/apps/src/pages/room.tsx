import * as sdk from '@veche/sdk';
import { render } from 'preact';
import '../styles';
import { appConfig, askedBy } from '../model/app';
import { App } from '../ui/App';

const root = document.getElementById('app');
if (root) {
  root.textContent = '';
  render(<App sdk={sdk} config={appConfig(document.documentElement.dataset['app'])} asked={askedBy(location.search)} />, root);
}
