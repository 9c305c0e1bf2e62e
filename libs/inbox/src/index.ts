export { inboxTables } from './inbox-tables.js';
export { type EffectOutcome, Inbox, type InboxOutcome, type RunTransaction } from './inbox.js';
