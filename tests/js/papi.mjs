// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

// What an application does, with polkadot-api (PAPI) as it comes: connect over the new JSON-RPC
// (chainHead, transaction), read metadata and state, follow final blocks, transfer until final, and get
// the right errors.
//
// node papi.mjs WEBSOCKET_URL

import assert from 'node:assert/strict';
import { Keyring } from '@polkadot/api';
import { createClient } from 'polkadot-api';
import { getPolkadotSigner } from 'polkadot-api/signer';
import { getWsProvider } from 'polkadot-api/ws';
import { WebSocket } from 'ws';

const UNIT = 10n ** 12n;
const DEADLINE_MS = 120_000;

const [url] = process.argv.slice(2);
if (!url) {
    console.error('usage: papi.mjs WEBSOCKET_URL');
    process.exit(2);
}

/** Reject if `promise` takes longer than the deadline. */
function within(what, promise) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`waited in vain: ${what}`)), DEADLINE_MS);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const id = (address) => ({ type: 'Id', value: address });

const tests = {
    async 'the chain says who it is'({ client, api }) {
        const { name, genesisHash, properties } = await client.getChainSpecData();
        assert.match(name, /Hansa/);
        assert.match(genesisHash, /^0x[0-9a-f]{64}$/);
        assert.equal(properties.tokenSymbol, 'HANSA');
        assert.equal(properties.tokenDecimals, 12);
        const version = await api.constants.System.Version();
        assert.ok(version.spec_version > 0);
    },

    async 'state is read through the metadata'({ api, alice }) {
        const account = await api.query.System.Account.getValue(alice.address);
        assert.ok(account.data.free > UNIT, String(account.data.free));
        assert.equal(typeof account.nonce, 'number');
        const validators = await api.query.Session.Validators.getValue();
        assert.ok(validators.length >= 1);
    },

    async 'a transfer is watched until it is final'({ api, client, alice, fresh }) {
        const to = fresh('transfer');
        const call = api.tx.Balances.transfer_keep_alive({ dest: id(to), value: UNIT });
        const seen = [];
        const { ok, block, events } = await new Promise((resolve, reject) => {
            call.signSubmitAndWatch(alice.signer).subscribe({
                next(update) {
                    seen.push(update.type);
                    if (update.type === 'finalized') {
                        resolve(update);
                    }
                },
                error: reject,
            });
        });
        assert.ok(ok, seen.join());
        assert.ok(seen.includes('broadcasted') && seen.at(-1) === 'finalized', seen.join());
        assert.ok(events.some((event) => event.type === 'Balances'
            && event.value.type === 'Transfer'));
        const { data } = await api.query.System.Account.getValue(to, { at: 'finalized' });
        assert.equal(data.free, UNIT);
        const head = await client.getFinalizedBlock();
        assert.ok(head.number >= block.number);
    },

    async 'a batch is done as a whole'({ api, bob, fresh }) {
        const to = [fresh('batch-1'), fresh('batch-2')];
        const calls = to.map((address) => api.tx.Balances
            .transfer_keep_alive({ dest: id(address), value: 2n * UNIT }).decodedCall);
        const { ok } = await api.tx.Utility.batch_all({ calls }).signAndSubmit(bob.signer);
        assert.ok(ok);
        for (const address of to) {
            const { data } = await api.query.System.Account.getValue(address);
            assert.equal(data.free, 2n * UNIT);
        }
    },

    async 'a fee is quoted before it is paid'({ api, alice, bob }) {
        const call = api.tx.Balances.transfer_keep_alive({ dest: id(bob.address), value: UNIT });
        const fee = await call.getEstimatedFees(alice.address);
        assert.ok(fee > 0n && fee < UNIT, String(fee));
    },

    async 'final blocks come in order'({ client, api, alice, bob }) {
        const numbers = [];
        const blocks = client.finalizedBlock$.subscribe((block) => numbers.push(block.number));
        const call = api.tx.Balances.transfer_keep_alive({ dest: id(bob.address), value: UNIT });
        for (let i = 0; i < 3; i += 1) {
            assert.ok((await call.signAndSubmit(alice.signer)).ok);
        }
        blocks.unsubscribe();
        assert.ok(numbers.length >= 3, numbers.join());
        assert.ok(numbers.every((n, i) => i === 0 || n === numbers[i - 1] + 1), numbers.join());
    },

    async 'an empty account is refused'({ api, bob, account }) {
        const poor = account(`//poor-${Date.now()}`);
        const call = api.tx.Balances.transfer_keep_alive({ dest: id(bob.address), value: UNIT });
        await assert.rejects(call.signAndSubmit(poor.signer), /Payment/);
    },

    async 'a transfer of too much fails in its block'({ api, alice, bob }) {
        const value = 10n ** 30n;
        const call = api.tx.Balances.transfer_keep_alive({ dest: id(alice.address), value });
        const { ok, dispatchError } = await call.signAndSubmit(bob.signer);
        assert.ok(!ok);
        assert.match(JSON.stringify(dispatchError), /Underflow|FundsUnavailable/);
    },
};

const keyring = new Keyring({ type: 'sr25519' });
const account = (uri) => {
    const pair = keyring.createFromUri(uri);
    const sign = (bytes) => pair.sign(bytes);
    return { address: pair.address, signer: getPolkadotSigner(pair.publicKey, 'Sr25519', sign) };
};
const client = createClient(getWsProvider(url, { websocketClass: WebSocket }));
const context = {
    client,
    api: client.getUnsafeApi(),
    account,
    fresh: (name) => account(`//${name}-${process.pid}-${Date.now()}`).address,
    alice: account('//Alice'),
    bob: account('//Bob'),
};

let failed = 0;
for (const [name, test] of Object.entries(tests)) {
    try {
        await within(name, test(context));
        console.log(`ok      ${name}`);
    } catch (error) {
        failed += 1;
        console.log(`FAILED  ${name}\n${error.stack ?? error}`);
    }
}
client.destroy();
if (failed > 0) {
    console.error(`${failed} of ${Object.keys(tests).length} failed`);
}
process.exit(failed > 0 ? 1 : 0);
