// The film page: a view of `/movies`, `/genres`, `/directors`, `/favorites`, `/auth` and `/user` of the same origin.
//
// What is shown is in the address (`/?genre=drama&page=2`, `/?film=ID`, `/?favorites`), so that links and the history
// work. Text of the catalogue is only ever inserted as text, and images are loaded from `https:` alone.

const $ = (id) => document.getElementById(id);
const FILTERS = ['query', 'genre', 'director', 'year_from', 'year_to', 'min_rating', 'order', 'page', 'cursor'];

/** An element: properties that the element has are set, others become attributes; children are elements or text. */
function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

function link(href, text, properties = {}) {
  return h('a', { href, 'data-link': '', ...properties }, text);
}

function address(parameters) {
  const entries = Object.entries(parameters).filter(([, value]) => value !== '' && value !== undefined && value !== null);
  const query = new URLSearchParams(entries).toString();
  return query ? `/?${query}` : '/';
}

// ---- session --------------------------------------------------------------------------------------------------------

// The access token is kept in memory and the refresh token in the tab's storage. A refresh needs both, so that the access
// token waits in the storage while the page is not there: from its end to its next start in the same tab.
const session = {
  access: null,
  user: null,
  refreshing: null,
  get refresh() {
    return sessionStorage.getItem('refresh_token');
  },
  begin({ access_token: access, refresh_token: refresh }) {
    this.access = access;
    sessionStorage.setItem('refresh_token', refresh);
  },
  end() {
    this.access = this.user = null;
    sessionStorage.removeItem('refresh_token');
  },
  resume() {
    this.access = sessionStorage.getItem('access_token');
    sessionStorage.removeItem('access_token');
    if (!this.access) this.end();
  },
};

addEventListener('pagehide', () => {
  if (session.access) sessionStorage.setItem('access_token', session.access);
});
addEventListener('pageshow', (event) => {
  if (event.persisted) sessionStorage.removeItem('access_token');
});

/** A request; with the access token, if there is one, which is renewed once if it is refused. */
async function request(method, path, body, { anonymous = false } = {}) {
  const used = anonymous ? null : session.access;
  const response = await send(method, path, body, used);
  if (response.status !== 401 || !used) return response;
  if (!(await renewed(used))) return send(method, path, body, null);
  return send(method, path, body, session.access);
}

async function send(method, path, body, access) {
  const headers = { Accept: 'application/json' };
  if (access) headers.Authorization = `Bearer ${access}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  try {
    const response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, ok: response.ok, data: text ? JSON.parse(text) : {} };
  } catch {
    return { status: 0, ok: false, data: { title: 'The site cannot be reached. Check your connection and try again.' } };
  }
}

/** Whether there is a newer access token than `used`. Parallel requests share one renewal: a refresh token works once. */
async function renewed(used) {
  if (session.access !== used) return Boolean(session.access);
  session.refreshing ??= renew().finally(() => { session.refreshing = null; });
  return session.refreshing;
}

async function renew() {
  const pair = { access_token: session.access, refresh_token: session.refresh };
  const response = await send('PUT', '/auth/login', pair, null);
  if (response.ok) {
    session.begin(response.data);
    return true;
  }
  if (response.status === 401 || response.status === 403 || response.status === 422) {
    session.end();
    showAccount();
    say('You have been signed out. Sign in again to go on.');
  }
  return false;
}

// What an API tells its developers helps no viewer.
const UNAVAILABLE = 'The site cannot look this up at the moment. Try again soon.';
const EXPLANATIONS = {
  authorization_unavailable: UNAVAILABLE,
  catalogue_unavailable: UNAVAILABLE,
  catalogue_unusable: UNAVAILABLE,
  page_too_deep: 'There are too many pages to go that far. Search or filter instead.',
};

function explain({ data }) {
  if (EXPLANATIONS[data.code]) return EXPLANATIONS[data.code];
  return data.detail ? `${data.title} ${data.detail}` : data.title ?? 'Something went wrong. Try again.';
}

function say(text) {
  $('status').textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { $('status').textContent = ''; }, 8000);
}

// ---- views ----------------------------------------------------------------------------------------------------------

let shown = 0; // A slower answer to an earlier navigation must not replace a later view.

async function show({ focus = true } = {}) {
  const turn = ++shown;
  const parameters = new URLSearchParams(location.search);
  const view = parameters.has('film') ? filmView : parameters.has('favorites') ? favoritesView : filmsView;
  $('filters').hidden = view !== filmsView;
  $('view').setAttribute('aria-busy', 'true');
  const { title, content } = await view(parameters);
  if (turn !== shown) return;
  document.title = title === 'Films' ? title : `${title} – Films`;
  $('view').replaceChildren(...content);
  $('view').removeAttribute('aria-busy');
  $('announcement').textContent = $('total')?.textContent ?? title;
  if (focus) {
    scrollTo(0, 0);
    $('main').focus({ preventScroll: true });
  }
  markFavorites(turn);
}

function go(href, options) {
  history.pushState(null, '', href);
  return show(options);
}

function failed(title, response) {
  const retry = h('button', { type: 'button', onclick: () => show() }, 'Try again');
  return { title, content: [h('section', { className: 'notice' }, h('h1', {}, title), h('p', {}, explain(response)), retry)] };
}

async function filmsView(parameters) {
  const wanted = Object.fromEntries(FILTERS.map((name) => [name, parameters.get(name) ?? '']));
  fillFilters(wanted);
  const query = { ...wanted, order: '', page: wanted.cursor ? '' : wanted.page || '1' };
  if (wanted.order === 'new') query.status = 'new';
  else query.sort = wanted.order || (wanted.query ? '' : 'rating');
  const response = await request('GET', `/movies/${address(query).slice(1)}`);
  if (!response.ok) return failed('The films cannot be shown', response);
  const { items, total, total_is: totalIs } = response.data;
  const number = `${totalIs === 'at_least' ? 'More than ' : ''}${total.toLocaleString('en')} ${total === 1 ? 'film' : 'films'}`;
  const heading = wanted.query ? `Films for “${wanted.query}”` : 'Films';
  const content = [h('h1', {}, heading), h('p', { className: 'meta', id: 'total' }, number)];
  if (wanted.director) content.push(await directorFilter(wanted));
  content.push(items.length ? cards(items) : h('p', { className: 'notice' }, 'No film matches. Try fewer filters.'));
  content.push(pages(response.data, (place) => address({ ...wanted, page: '', cursor: '', ...place })));
  return { title: heading, content };
}

async function directorFilter(wanted) {
  const response = await request('GET', `/directors/${encodeURIComponent(wanted.director)}`);
  const name = response.ok ? response.data.name : wanted.director;
  return h('p', {}, `Directed by ${name}. `, link(address({ ...wanted, director: '', page: '', cursor: '' }), 'Show all directors'));
}

async function favoritesView(parameters) {
  if (!session.access) {
    const signIn = h('button', { type: 'button', className: 'primary', onclick: () => openAccount('signIn') }, 'Sign in');
    return { title: 'Favorites', content: [h('section', { className: 'notice' }, h('h1', {}, 'Favorites'), h('p', {}, 'Sign in to see your favorites.'), signIn)] };
  }
  const place = parameters.get('cursor') ? { cursor: parameters.get('cursor') } : { page: parameters.get('page') || '1' };
  const response = await request('GET', `/favorites/movies/${address(place).slice(1)}`);
  if (!response.ok) return failed('Your favorites cannot be shown', response);
  const { items, hidden } = response.data;
  const content = [h('h1', {}, 'Favorites')];
  if (hidden > 0) content.push(h('p', { className: 'meta' }, `${hidden} of your favorites cannot be watched now.`));
  content.push(items.length ? cards(items) : h('p', { className: 'notice' }, 'No favorites yet. Open a film and add it.'));
  content.push(pages(response.data, (to) => `/?${new URLSearchParams({ favorites: '', ...to })}`));
  return { title: 'Favorites', content };
}

function noFilm() {
  const title = 'No such film';
  return { title, content: [h('section', { className: 'notice' }, h('h1', {}, title), link('/', 'All films'))] };
}

async function filmView(parameters) {
  const id = parameters.get('film');
  // A browser takes these for parts of a path, whether or not they are encoded.
  if (['', '.', '..'].includes(id)) return noFilm();
  const response = await request('GET', `/movies/${encodeURIComponent(id)}`);
  if (response.status === 403) return forbidden(response);
  if (response.status === 404) return noFilm();
  if (!response.ok) return failed('The film cannot be shown', response);
  const film = response.data;
  const named = (items, parameter) => h('ul', { className: 'list' }, items.map(({ id: of, name }) => h('li', {}, link(address({ [parameter]: of }), name))));
  const facts = [];
  if (film.release_date) facts.push(h('dt', {}, 'Released'), h('dd', {}, h('time', { dateTime: film.release_date }, film.release_date)));
  if (film.imdb_rating !== null && film.imdb_rating !== undefined) facts.push(h('dt', {}, 'Rating'), h('dd', { className: 'rating' }, `★ ${film.imdb_rating} of 10`));
  if (film.mpaa_rating) facts.push(h('dt', {}, 'MPAA'), h('dd', {}, film.mpaa_rating));
  if (film.genres.length) facts.push(h('dt', {}, 'Genres'), h('dd', {}, named(film.genres, 'genre')));
  if (film.directors.length) facts.push(h('dt', {}, 'Directed by'), h('dd', {}, named(film.directors, 'director')));
  const article = h('article', { className: 'film' }, poster(film), h('div', {},
    h('h1', {}, film.title || film.id), badges(film), h('dl', {}, facts),
    film.description && h('p', {}, film.description), favoriteButton(film, { text: true })));
  return { title: film.title || film.id, content: [article] };
}

/** Why the caller may not watch a film, and what would help. */
function forbidden({ data }) {
  const reason = data.reason ?? {};
  const why = {
    label_denied: `This film is marked “${reason.label}”, and films with this mark are reserved for other viewers.`,
    unlabelled: 'This film is so new to the catalogue that nobody has said yet who may watch it. Try again later.',
    labels_missing: 'This film is so new to the catalogue that nobody has said yet who may watch it. Try again later.',
    denied_by_rule: 'A rule of this site excludes this film.',
    guest_filter: 'The site cannot look up accounts at the moment and shows guests’ films alone. Try again soon.',
  }[reason.code] ?? 'No rule of this site lets you watch this film.';
  const guest = !session.access;
  const help = guest
    ? [h('p', {}, 'If you have an account, signing in may help.'), h('button', { type: 'button', className: 'primary', onclick: () => openAccount('signIn') }, 'Sign in')]
    : [h('p', {}, 'Your account does not include it. The site’s team can tell you which one does.')];
  const title = 'Why can’t I watch this?';
  return { title, content: [h('section', { className: 'notice', id: 'why' }, h('h1', {}, title), h('p', {}, why), ...help, h('p', {}, link('/', 'All films that you may watch')))] };
}

function cards(films) {
  return h('ul', { className: 'films' }, films.map((film) => {
    const facts = [film.release_date?.slice(0, 4), film.genres[0]?.name].filter(Boolean).join(' · ');
    const rated = film.imdb_rating !== null && film.imdb_rating !== undefined;
    return h('li', { className: 'card' }, link(address({ film: film.id }), [
      poster(film),
      h('div', { className: 'facts' }, h('h2', {}, film.title || film.id), h('div', { className: 'meta' }, facts),
        rated && h('div', { className: 'rating' }, `★ ${film.imdb_rating}`), badges(film)),
    ]), favoriteButton(film));
  }));
}

function badges(film) {
  const labels = film.labels ?? [];
  return labels.length > 0 && h('div', {}, labels.map((label) => h('span', { className: 'badge' }, label)));
}

function poster(film) {
  const frame = h('div', { className: 'poster', 'aria-hidden': 'true' });
  const hue = [...film.id].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 360, 7);
  frame.style.setProperty('--hue', hue);
  frame.append(film.title || film.id);
  if (film.poster?.startsWith('https://')) {
    const image = h('img', { alt: '', referrerPolicy: 'no-referrer', onload: () => frame.replaceChildren(image), src: film.poster });
  }
  return frame;
}

// Beyond the last page that has a number, a cursor goes on.
function pages({ page, pages: count, next }, at) {
  const links = [];
  if (page > 1) links.push(link(at({ page: page - 1 }), 'Previous', { rel: 'prev' }));
  if (page) links.push(h('span', {}, `Page ${page.toLocaleString('en')} of ${Math.max(count, 1).toLocaleString('en')}`));
  if (next) links.push(link(at(page && page < count ? { page: page + 1 } : { cursor: next }), 'Next', { rel: 'next' }));
  return h('nav', { className: 'pages', 'aria-label': 'Pages' }, links);
}

// ---- filters --------------------------------------------------------------------------------------------------------

function fillFilters(wanted) {
  $('query').value = wanted.query;
  chooseGenre(wanted.genre);
  for (const name of ['year_from', 'year_to', 'min_rating', 'order']) $('filters').elements[name].value = wanted[name];
}

/** Also a genre of the address that is not listed: none of its films may be visible. */
function chooseGenre(id) {
  const field = $('filters').elements.genre;
  if (![...field.options].some((option) => option.value === id)) field.append(h('option', { value: id }, id));
  field.value = id;
}

async function loadGenres() {
  const response = await request('GET', '/genres/');
  if (!response.ok) return;
  const field = $('filters').elements.genre;
  const chosen = new URLSearchParams(location.search).get('genre') ?? '';
  field.replaceChildren(h('option', { value: '' }, 'All'), ...response.data.items.map(({ id, name, films }) => h('option', { value: id }, `${name} (${films})`)));
  chooseGenre(chosen);
}

function chosenFilters() {
  const now = new URLSearchParams(location.search);
  const fields = new FormData($('filters'));
  return address({ query: $('query').value.trim(), director: now.get('director') ?? '', ...Object.fromEntries(fields) });
}

$('search').addEventListener('submit', (event) => {
  event.preventDefault();
  const listing = !$('filters').hidden;
  go(listing ? chosenFilters() : address({ query: $('query').value.trim() }));
});
$('filters').addEventListener('submit', (event) => event.preventDefault());
$('filters').addEventListener('change', () => {
  if ($('filters').reportValidity()) go(chosenFilters(), { focus: false });
});

// ---- favorites ------------------------------------------------------------------------------------------------------

// Whether it is pressed says what it does; a list has many, so that each names its film.
function favoriteButton({ id, title }, { text = false } = {}) {
  if (!session.access) return null;
  const button = h('button', { type: 'button', className: text ? 'favorite' : 'heart', 'data-favorite': id, onclick: () => toggleFavorite(button) });
  button.dataset.text = text ? 'yes' : '';
  if (!text) button.setAttribute('aria-label', `Favorite: ${title || id}`);
  setFavorite(button, false);
  return button;
}

function setFavorite(button, pressed) {
  button.setAttribute('aria-pressed', String(pressed));
  button.textContent = `${pressed ? '♥' : '♡'}${button.dataset.text ? ' Favorite' : ''}`;
}

async function toggleFavorite(button) {
  const pressed = button.getAttribute('aria-pressed') === 'true';
  button.disabled = true;
  const path = `/favorites/movies/${encodeURIComponent(button.dataset.favorite)}`;
  const response = await request(pressed ? 'DELETE' : 'POST', path);
  button.disabled = false;
  if (!response.ok) return say(explain(response));
  setFavorite(button, !pressed);
  say(pressed ? 'Removed from your favorites.' : 'Added to your favorites.');
}

async function markFavorites(turn) {
  const buttons = [...document.querySelectorAll('[data-favorite]')];
  if (!buttons.length) return;
  const ids = buttons.map((button) => button.dataset.favorite).join(',');
  const response = await request('GET', `/favorites/movies/?${new URLSearchParams({ ids })}`);
  if (!response.ok || turn !== shown) return;
  const favorites = new Set(response.data.items.map(({ id }) => id));
  for (const button of buttons) setFavorite(button, favorites.has(button.dataset.favorite));
}

// ---- account --------------------------------------------------------------------------------------------------------

const EMAIL = { name: 'email', label: 'E-mail address', type: 'email', autocomplete: 'username', maxLength: 254 };
// An account may have no address.
const NAME = { ...EMAIL, label: 'E-mail address or login', type: 'text', inputMode: 'email' };
const PASSWORD = { name: 'password', label: 'Password', type: 'password', autocomplete: 'current-password', maxLength: 128 };
const NEW_PASSWORD = { name: 'password', label: 'New password', type: 'password', autocomplete: 'new-password', maxLength: 128 };

const forms = {
  signIn: {
    title: 'Sign in', submit: 'Sign in', fields: [NAME, PASSWORD],
    others: [['signUp', 'Create an account'], ['forgot', 'Forgot the password?']],
    async send({ email, password }) {
      const response = await request('POST', '/auth/login', { email, password }, { anonymous: true });
      if (!response.ok) return response;
      if (response.data.mfa_required) return openAccount('code', { challenge: response.data.challenge });
      return signedIn(response.data);
    },
  },
  code: {
    title: 'Second factor', submit: 'Confirm', text: 'Enter the code of your authenticator app, or a recovery code.',
    fields: [{ name: 'code', label: 'Code', type: 'text', autocomplete: 'one-time-code', maxLength: 64 }],
    others: [['signIn', 'Start again']],
    async send({ code }, { challenge }) {
      const response = await request('POST', '/auth/login/second-factor', { challenge, code }, { anonymous: true });
      return response.ok ? signedIn(response.data) : response;
    },
  },
  signUp: {
    title: 'Create an account', submit: 'Create the account', fields: [EMAIL, NEW_PASSWORD], others: [['signIn', 'I have an account']],
    async send({ email, password }) {
      const response = await request('POST', '/auth/register', { email, password }, { anonymous: true });
      return response.ok ? signedIn(response.data) : response;
    },
  },
  forgot: {
    title: 'Forgot the password?', submit: 'Send the e-mail', text: 'We send a link to set a new one, if the address belongs to an account.',
    fields: [EMAIL], others: [['signIn', 'Sign in']],
    async send({ email }) {
      const response = await request('POST', '/auth/password/forgot', { email }, { anonymous: true });
      return response.ok ? done('Look into your mailbox.') : response;
    },
  },
  reset: {
    title: 'Set a new password', submit: 'Set the password', fields: [NEW_PASSWORD], others: [],
    async send({ password }, { token }) {
      const response = await request('POST', '/auth/password/reset', { token, new_password: password }, { anonymous: true });
      if (!response.ok) return response;
      say('Your password has been changed.');
      return openAccount('signIn');
    },
  },
  verify: {
    title: 'Confirm your e-mail address', submit: 'Confirm', text: 'Enter the password of your account to confirm that the address is yours.',
    fields: [PASSWORD], others: [],
    async send({ password }, { token }) {
      const response = await request('POST', '/auth/email/verify', { token, current_password: password }, { anonymous: true });
      return response.ok ? done('Your e-mail address is confirmed.') : response;
    },
  },
};

let open = null; // The form in the dialog, and what it needs besides its fields.

function openAccount(name, given = {}) {
  const form = forms[name];
  open = { form, given };
  $('account-title').textContent = form.title;
  $('account-text').textContent = form.text ?? '';
  $('account-error').textContent = '';
  $('account-submit').textContent = form.submit;
  $('account-fields').replaceChildren(...form.fields.map(({ label, ...field }) => h('label', {}, label, h('input', { required: true, ...field }))));
  $('account-others').replaceChildren(...form.others.map(([other, text]) => h('button', { type: 'button', onclick: () => openAccount(other) }, text)));
  if (!$('account').open) $('account').showModal();
  $('account-fields').querySelector('input')?.focus();
}

$('account-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const { form, given } = open;
  $('account-error').textContent = '';
  $('account-submit').disabled = true;
  const refused = await form.send(Object.fromEntries(new FormData($('account-form'))), given);
  $('account-submit').disabled = false;
  if (refused) $('account-error').textContent = explain(refused);
});
$('account-form').querySelector('.close').addEventListener('click', () => $('account').close());
$('account').addEventListener('close', () => $('account-fields').replaceChildren()); // Passwords do not stay in the page.

function done(text) {
  $('account').close();
  say(text);
}

async function signedIn(pair) {
  session.begin(pair);
  done('You are signed in.');
  await Promise.all([loadUser(), loadGenres(), show()]);
}

async function loadUser() {
  if (session.access) {
    const response = await request('GET', '/user/');
    session.user = response.ok ? response.data : session.user;
  }
  showAccount();
}

function showAccount() {
  const signedInNow = Boolean(session.access);
  const { user } = session;
  $('who').textContent = (user && ([user.first_name, user.last_name].filter(Boolean).join(' ') || user.email || user.pending_email)) ?? '';
  $('who').hidden = !$('who').textContent;
  $('sign-in').hidden = signedInNow;
  $('sign-out').hidden = $('favorites').hidden = !signedInNow;
}

$('sign-in').addEventListener('click', () => openAccount('signIn'));
$('sign-out').addEventListener('click', async () => {
  const response = await request('POST', '/auth/logout');
  if (!response.ok && response.status !== 401) return say(explain(response));
  session.end();
  showAccount();
  say('You are signed out.');
  await Promise.all([loadGenres(), go('/')]);
});

// ---- start ----------------------------------------------------------------------------------------------------------

document.addEventListener('click', (event) => {
  const target = event.target.closest('a[data-link]');
  if (!target || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(target.getAttribute('href'));
});
addEventListener('popstate', () => show());

/** The links of e-mails are `/?reset#token=…` and `/?verify#token=…`. */
function openMailedLink() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  const purpose = ['reset', 'verify'].find((name) => new URLSearchParams(location.search).has(name));
  if (!token || !purpose) return;
  history.replaceState(null, '', '/'); // The token stays neither in the address nor in the history.
  openAccount(purpose, { token });
}

session.resume();
openMailedLink();
await Promise.all([loadUser(), loadGenres(), show({ focus: false })]);
