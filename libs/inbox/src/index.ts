export { type EffectOutcome, Inbox, type InboxOutcome, type RunTransaction } from './inbox.js';
export { inboxTables } from './inbox-tables.js';
