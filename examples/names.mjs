// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

// A client of the example's pallet, with @polkadot/api as it comes: calls and storage are found by the names that the
// chain's metadata has for them.
//
// names.mjs WEBSOCKET_URL claim NAME RECORD [SECRET_URI]   claims a name, for the account of //Eve unless another is given
// names.mjs WEBSOCKET_URL show NAME                        says whose it is, and what it stands for

import { ApiPromise, Keyring, WsProvider } from '@polkadot/api';

const [url, command, name, record = '', uri = '//Eve'] = process.argv.slice(2);
if (!url || !name || !['claim', 'show'].includes(command)) {
    console.error('usage: names.mjs WEBSOCKET_URL claim NAME RECORD [SECRET_URI] | show NAME');
    process.exit(2);
}

/** Sign, submit, and wait until it is final; reject with the pallet's own error if it failed. */
function submit(api, call, signer) {
    return new Promise((resolve, reject) => {
        call.signAndSend(signer, ({ status, dispatchError, isError }) => {
            if (isError) {
                reject(new Error(`the transaction is ${status.type}`));
            } else if (status.isFinalized && dispatchError?.isModule) {
                const { section, name } = api.registry.findMetaError(dispatchError.asModule);
                reject(new Error(`${section}.${name}`));
            } else if (status.isFinalized && dispatchError) {
                reject(new Error(dispatchError.toString()));
            } else if (status.isFinalized) {
                resolve(status.asFinalized.toHex());
            }
        }).catch(reject);
    });
}

const api = await ApiPromise.create({ provider: new WsProvider(url), noInitWarn: true });
try {
    if (command === 'claim') {
        const signer = new Keyring({ type: 'sr25519' }).addFromUri(uri);
        const block = await submit(api, api.tx.names.claim(name, record), signer);
        console.log(`${name} is claimed, final since block ${block}`);
    } else {
        const entry = (await api.query.names.names(name)).unwrapOr(null);
        console.log(entry ? `${name}: ${entry.record.toUtf8()} (${entry.owner})` : `nobody has ${name}`);
    }
} catch (error) {
    console.error(`error: ${error.message}`);
    process.exitCode = 1;
} finally {
    await api.disconnect();
}
